// Answer one simulation per line of JSON: runs @cloud-copilot/iam-simulate, out of process, from the folder it is in.
import { createRequire } from 'module'
import readline from 'readline'
const { runSimulation } = createRequire(process.cwd() + '/package.json')('@cloud-copilot/iam-simulate')
for await (const line of readline.createInterface({ input: process.stdin })) {
  const result = await runSimulation(JSON.parse(line), {})
  const isError = result.resultType === 'error'
  process.stdout.write(JSON.stringify(isError ? { error: result.errors } : { verdict: result.overallResult }) + '\n')
}
