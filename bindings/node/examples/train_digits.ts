// Trains a neural network (64-256-128-10) on 1,797 real images of handwritten digits, with Adam.
//
//     train_digits digits.csv [epochs]
//
// One training step is one compiled function: loss, gradient and update.
import { readFileSync } from "node:fs";
import { jit, np, tensor, tidy, tree, valueAndGrad, type Tensor } from "jaxrs";

const [images, pixels, classes, training, batch] = [1797, 64, 10, 1437, 64];
const stepsPerEpoch = Math.floor(training / batch);

type Network = { w: Tensor; b: Tensor }[];
type State = { network: Network; m: Network; v: Network };

const logits = (network: Network, x: Tensor) =>
  network.reduce((h, { w, b }, i) => (i + 1 < network.length ? h.matmul(w).add(b).relu() : h.matmul(w).add(b)), x);

/** The mean cross-entropy. */
const loss = (network: Network, x: Tensor, labels: Tensor): Tensor =>
  logits(network, x).logSoftmax({ axes: [1] }).mul(labels).reduceSum({ axes: [1] }).mean().neg();

const gradient = valueAndGrad(loss);

/** One step of Adam, the number t from 1 on: the new state, and the loss. */
function step(state: State, t: Tensor, x: Tensor, labels: Tensor): [State, Tensor] {
  const [value, g] = gradient(state.network, x, labels);
  const moved = (beta: number) => (old: Tensor, next: Tensor) => old.mul(beta).add(next.mul(1 - beta));
  const m = tree.map(moved(0.9), state.m, g);
  const v = tree.map(moved(0.999), state.v, tree.map((d) => d.square(), g));
  // 1 - beta^t, as both moments start at zero
  const [grown1, grown2] = [0.9, 0.999].map((beta) => np.sub(1, np.pow(beta, t)));
  const update = (p: Tensor, m: Tensor, v: Tensor) => p.sub(m.trueDivide(grown1).trueDivide(v.trueDivide(grown2).sqrt().add(1e-8)).mul(1e-3));
  return [{ network: tree.map(update, state.network, m, v), m, v }, value];
}

/** Weights from a normal distribution (He et al. 2015), biases and moments zero. */
function initial(): State {
  const sizes = [pixels, 256, 128, classes];
  const network = sizes.slice(1).map((to, i) => ({
    w: np.randomNormal(np.randomKey(100 + i), [sizes[i], to]).mul(Math.sqrt(2 / sizes[i])),
    b: np.zeros([to]),
  }));
  const zeros = () => tree.map((p) => np.zerosLike(p), network);
  return { network, m: zeros(), v: zeros() };
}

const [path, epochs] = [process.argv[2], Number(process.argv[3] ?? 30)];
const rows = readFileSync(path, "utf8").trim().split("\n").map((line) => line.split(",").map(Number));
const x = tensor(Float32Array.from(rows.flatMap((row) => row.slice(0, pixels).map((v) => v / 16))), { shape: [images, pixels] });
const digits = tensor(Int32Array.from(rows, (row) => row[pixels]));
const labels = digits.oneHot(classes, { dtype: "f32" });
const [forTraining, forTesting] = np.randomPermutation(np.randomKey(0), images).splitAt([training]);
const [testX, testDigits] = [x.take(forTesting, { axis: 0 }), digits.take(forTesting, { axis: 0 })];

const fastStep = jit(step, { donate: 0 }); // the old state gives its memory to the new one
const accuracy = jit((network: Network, x: Tensor, digits: Tensor): Tensor => logits(network, x).argmax({ axis: 1 }).eq(digits).mean());
let state = initial();
let [reached, number, spent] = [0, 0, 0];
for (let epoch = 0; epoch < epochs; epoch++) {
  const order = forTraining.take(np.randomPermutation(np.randomKey(1000 + epoch), training));
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < stepsPerEpoch; i++) {
    // Finalizers run when the event loop turns, which it does not here.
    const value: Tensor = tidy(() => {
      const chosen = order.slice([i * batch], [(i + 1) * batch]);
      const out = fastStep(state, np.full([], ++number, { dtype: "f32" }), x.take(chosen, { axis: 0 }), labels.take(chosen, { axis: 0 }));
      state = out[0];
      return out;
    })[1];
    sum += value.item();
  }
  if (epoch > 0) spent += performance.now() - start;
  if (epoch % 3 !== 2 && epoch !== 0 && epoch + 1 !== epochs) continue;
  reached = accuracy(state.network, testX, testDigits).item();
  console.log(`epoch ${String(epoch + 1).padStart(2)}  loss ${(sum / stepsPerEpoch).toFixed(4)}  test accuracy ${reached.toFixed(4)}`);
}
const ok = reached >= (epochs >= 30 ? 0.97 : 0.9);
console.log(`train_digits: ${ok ? "ok" : "failed"} accuracy=${reached.toFixed(4)} step_ms=${(spent / Math.max(epochs - 1, 1) / stepsPerEpoch).toFixed(3)}`);
process.exitCode = ok ? 0 : 1;
