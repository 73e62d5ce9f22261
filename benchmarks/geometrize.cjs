// node geometrize.cjs RGBA WIDTH HEIGHT COUNT CANDIDATES MUTATIONS OUT: triangles at alpha 128 by geometrizejs.
// Writes OUT.rgba (what it has drawn) and OUT.svg, and prints the CPU seconds of its search.
const fs = require("fs");
const { Bitmap, ImageRunner, ShapeTypes, SvgExporter } = require(require.resolve("geometrizejs", { paths: [process.cwd()] }));

const [file, width, height, count, candidates, mutations, out] = process.argv.slice(2);
const pixels = fs.readFileSync(file);
const w = Number(width), h = Number(height);
const options = {
  shapeTypes: [ShapeTypes.TRIANGLE], alpha: 128, candidateShapesPerStep: Number(candidates), shapeMutationsPerStep: Number(mutations),
};

const began = process.cpuUsage();
const ground = [0, 1, 2].map((c) => {
  let sum = 0;
  for (let i = c; i < pixels.length; i += 4) sum += pixels[i];
  return Math.round(sum / (w * h));
});
// It begins with the mean colour, as geometrize's own programs do; left out, it would begin with black.
const runner = new ImageRunner(Bitmap.createFromByteArray(w, h, pixels), (ground[0] << 24) | (ground[1] << 16) | (ground[2] << 8) | 255);
const shapes = [];
for (let i = 0; i < Number(count); i++) shapes.push(...runner.step(options));
const taken = process.cpuUsage(began);

fs.writeFileSync(`${out}.rgba`, Buffer.from(runner.getImageData().getBytes().b));
fs.writeFileSync(`${out}.svg`, `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}">
<rect width="${w}" height="${h}" fill="rgb(${ground})"/>
${SvgExporter.exportShapes(shapes)}
</svg>`);
console.log(JSON.stringify({ cpu: (taken.user + taken.system) / 1e6 }));
