/** `server:` of config.yaml: where it listens, what it takes of clients, and who may ask. */
import * as v from "valibot"
import { atLeast, between, mapping, name, origins, port, seconds, SECRET, workers } from "./rules.ts"

const ServerTimeoutSchema = mapping({
  request: v.optional(
    v.pipe(seconds, v.description("Seconds for a request to arrive; its headers have 10 of them. Default 60.")),
  ),
  idle: v.optional(
    v.pipe(seconds, v.description("Seconds a connection is kept without a request. Default 75.")),
  ),
})

export const ServerSchema = mapping({
  host: v.optional(v.pipe(name, v.description("Address to listen on. Default 127.0.0.1: this machine only."))),
  port: v.optional(v.pipe(port, v.description("Port to listen on. Default 8081."))),
  ping: v.optional(v.pipe(seconds, v.description("Seconds of silence after which a stream gets a ping. Default 10."))),
  max_body: v.optional(
    v.pipe(atLeast(1024), v.description("Largest request body in bytes. Default 33554432 (32 MB).")),
  ),
  drain: v.optional(
    v.pipe(
      between("a number of seconds between 0 and 86400", 0, 86_400),
      v.description("Seconds running answers get after SIGTERM. Default 30."),
    ),
  ),
  workers: v.optional(
    v.pipe(workers, v.description("Processes that answer requests; auto: one for each core. Default 1.")),
  ),
  timeout: v.nullish(ServerTimeoutSchema),
  max_connections: v.optional(
    v.pipe(atLeast(1), v.description("Most connections at the same time; further ones are closed. Default 10000.")),
  ),
  hosts: v.optional(
    v.pipe(
      v.array(name, "must be a list of host names"),
      v.description("Names it is reached by, `*` allowed. Default: on a loopback address its own names, else any."),
    ),
  ),
  cors: v.optional(
    v.pipe(origins, v.description("Origins whose pages may read answers, `*` allowed. Default: none.")),
  ),
  secret: v.optional(
    v.pipe(
      v.string(SECRET.rule),
      v.check((secret) => secret.length >= SECRET.least, SECRET.rule),
      v.description("What thinking that travels through clients is sealed with; write ${SOME_VARIABLE}. Default: the keys."),
    ),
  ),
})
