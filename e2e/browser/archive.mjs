// A small C application, packed as its author would.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FILES = {
  // The build goes on when the test has seen its first line: output that comes live is told from output that comes at the end.
  Makefile: `all: heat
heat: heat.c
\t@echo compiling heat
\t@while [ ! -e ../build-may-end ]; do sleep 0.05; done
\t$(CC) -O1 -o heat heat.c
\t@echo heat is built
clean:
\trm -f heat
`,
  "heat.c": `#include <stdio.h>
int main(void) {
    double u[64] = {[32] = 1.0};
    for (int step = 0; step < 100; step++)
        for (int i = 1; i < 63; i++) u[i] += 0.1 * (u[i - 1] - 2 * u[i] + u[i + 1]);
    printf("centre %.6f\\n", u[32]);
    return 0;
}
`,
};

/** `heat.tar.gz`, as a file chooser takes it. */
export function heatArchive() {
  const folder = mkdtempSync(join(tmpdir(), "pbsweb-archive-"));
  try {
    mkdirSync(join(folder, "heat-1.0"));
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, "heat-1.0", name), text);
    const buffer = execFileSync("tar", ["-czf", "-", "-C", folder, "heat-1.0"], { maxBuffer: 1 << 20 });
    return { name: "heat.tar.gz", mimeType: "application/gzip", buffer };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
