// exchange save FILE: saves the gradient of x sin x. exchange load FILE...: prints what each saved one gives.
import { Program, grad, programOf, tensor, vmap } from "jaxrs";

const [how, ...paths] = process.argv.slice(2);
const points = tensor([0.5, 1.5, 2.5]);
for (const path of paths) {
  if (how === "save") programOf(vmap(grad((x) => x.mul(x.sin()))))(points).save(path);
  else console.log(`${Program.load(path).call(points)[0]}`);
}
