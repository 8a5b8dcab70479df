// serverless-offline without the framework around it, which asks for an account:
//     node offline.mjs PORT LAMBDA_PORT
// It runs what is in echo.py, and writes a line when it listens.
import ServerlessOffline from "serverless-offline"

const [port, lambdaPort] = process.argv.slice(2).map(Number)
const echo = {
  handler: "echo.handler",
  name: "echo",
  environment: { ENDPOINT: `http://127.0.0.1:${port}` },
  events: [
    { websocket: { route: "$connect" } },
    { websocket: { route: "$disconnect" } },
    { websocket: { route: "$default", routeResponseSelectionExpression: "$default" } },
  ],
}
const serverless = {
  config: { servicePath: process.cwd() },
  service: {
    service: "peer",
    provider: { name: "aws", stage: "local", region: "us-east-1", runtime: "python3.13" },
    getAllFunctions: () => ["echo"],
    getFunction: () => echo,
    getAllEventsInFunction: () => echo.events,
  },
}
// It logs each event, as ours does.
const log = new Proxy({ notice: console.error, error: console.error }, { get: (known, name) => known[name] ?? (() => {}) })
const options = { host: "127.0.0.1", websocketPort: port, lambdaPort, noSponsor: true }
const offline = new ServerlessOffline(serverless, options, { log, progress: log })
await offline.start()
console.log("listening")
