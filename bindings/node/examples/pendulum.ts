// Fits a simulator to data: the damping and the drive of a pendulum, by gradient descent through the solver.
//
//     pendulum [states [steps]]
//
//     angle'' = -sin(angle) - damping angle' + drive cos(2/3 t)
//
// RK4 (a scan) from many initial states (a vmap) is differentiated as a whole.
import { checkpoint, jit, np, scan, tree, valueAndGrad, vmap, type Tensor } from "jaxrs";

type Model = { damping: Tensor; drive: Tensor };
type State = { angle: Tensor; speed: Tensor };

const moved = (y: State, h: number, k: State): State => tree.map((a, b) => a.add(b.mul(h)), y, k);
const slope = (m: Model, y: State, t: Tensor): State =>
  ({ angle: y.speed, speed: m.drive.mul(t.mul(2 / 3).cos()).sub(y.angle.sin()).sub(m.damping.mul(y.speed)) });

/** The state after all steps of Runge and Kutta. The steps close over the model. */
const solver = (steps: number, dt: number) => (m: Model, start: State): State => {
  const step = checkpoint((y: State, t: Tensor): [State, null] => {
    const k1 = slope(m, y, t);
    const k2 = slope(m, moved(y, dt / 2, k1), t.add(dt / 2));
    const k3 = slope(m, moved(y, dt / 2, k2), t.add(dt / 2));
    const k4 = slope(m, moved(y, dt, k3), t.add(dt));
    return [moved(y, dt / 6, moved(moved(moved(k1, 2, k2), 2, k3), 1, k4)), null];
  });
  return scan(step, start, np.arange(0, steps, { dtype: "f32" }).mul(dt))[0];
};

const [states, steps] = [Number(process.argv[2] ?? 10000), Number(process.argv[3] ?? 2000)];
const [rounds, truth, noise, rate, momentum] = [24, [0.25, 0.6], 0.05, 0.03, 0.5];
const solveAll = vmap(solver(steps, 5 / steps), [null, 0]);
const loss = (m: Model, starts: State, seen: State): Tensor => {
  const ends = solveAll(m, starts);
  return ends.angle.sub(seen.angle).square().add(ends.speed.sub(seen.speed).square()).mean();
};
const descend = jit(valueAndGrad(loss));

const key = np.randomKey;
const number = (value: number) => np.full([], value, { dtype: "f32" });
const uniform = (seed: number, bound: number) => np.randomUniform(key(seed), [states], { dtype: "f32", low: -bound, high: bound });
const starts: State = { angle: uniform(1, 1.5), speed: uniform(2, 1) };
const exact = jit(solveAll)({ damping: number(truth[0]), drive: number(truth[1]) }, starts);
const seen = moved(exact, noise, { angle: np.randomNormal(key(3), [states]), speed: np.randomNormal(key(4), [states]) });

const [p, velocity] = [[0, 0], [0, 0]];
for (let round = 0; round < rounds; round++) {
  const [error, g] = descend({ damping: number(p[0]), drive: number(p[1]) }, starts, seen);
  [g.damping, g.drive].forEach((slope, k) => {
    velocity[k] = momentum * velocity[k] - rate * slope.item();
    p[k] += velocity[k];
  });
  if (round % 4 === 0 || round === rounds - 1) {
    console.log(`round ${String(round).padStart(2)}  error ${error.item().toFixed(5)}  damping ${p[0].toFixed(4)}  drive ${p[1].toFixed(4)}`);
  }
}
const ok = p.every((value, k) => Math.abs(value - truth[k]) < 0.01);
console.log(`pendulum: ${ok ? "ok" : "failed"} damping=${p[0].toFixed(4)} drive=${p[1].toFixed(4)}`);
process.exitCode = ok ? 0 : 1;
