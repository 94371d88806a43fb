---@meta sluice

-- For EmmyLua's and LuaLS's language servers: docs/editor.md.
-- Made from the option tables in dsl/options.cc; SLUICE_REGENERATE=1 with the test dsl.Docs
-- writes it anew.

---@class sluice.Stage
---@class sluice.Endpoint
---@class sluice.Cascade
---@class sluice.Field
---@class sluice.Secret
---@class sluice.Files
---@class sluice.Table
---@class sluice.Pipeline

---@class sluice.paramOptions
---@field [1] string the name in --set
---@field type? "text"|"whole"|"number"|"boolean" what it must be
---@field default? string|number|boolean what holds where it is not given
---@field choices? string[] the texts that it may be
---@field min? number at least
---@field max? number at most
---@field help? string what it is, in a few words

---The job; what the file returns.
---@class (exact) sluice.pipelineOptions
---@field name string names the job and its checkpoint; letters, digits, '.', '_', '-'
---@field checkpoint? sluice.checkpointOptions where and how durably answers are kept
---@field fleet? sluice.fleetOptions what other processes use too, with the same keys
---@field on_end? sluice.on_endOptions where the end of a run is told
---@field [integer] sluice.Stage read, then map, keep, explode and validate as needed, pack or embed, dispatch, parse (which may be left out), then sink; what stands between read and sink may come again, to ask about the answers

---The checkpoint of the job, an option of pipeline.
---@class (exact) sluice.checkpointOptions
---@field dir? string folder of the checkpoint, made when missing
---@field share? string folder of checkpoints: equal questions that another job in it has asked are answered from there, by the same models; the job's own checkpoint stands in it too, unless dir says otherwise
---@field durability? "power"|"process" what a committed answer survives: loss of power (it is synced to the disk), or the end of the process only

---What other processes use too, an option of pipeline: the limits of the same keys, the same job, or both.
---@class (exact) sluice.fleetOptions
---@field quota? sluice.Secret|string a server in which all processes keep what each may use of a key's limits: Redis, redis://[user:password@]host[:port][/db], rediss://… over TLS, unix:/path; or PostgreSQL, postgresql://[user:password@]host[:port]/database; it is never shown
---@field checkpoint? sluice.Secret|string a PostgreSQL server in which all processes that run this file keep one job: each takes a part of the input, one writes the output; postgresql://user:password@host:5432/database; it is never shown
---@field shard_rows? integer with checkpoint: so many records of the input a process takes at a time
---@field budget? string the name under which processes share the budget of s.dispatch in that server; those that name the same one spend from one budget together

---Where the end of a run is told, an option of pipeline.
---@class (exact) sluice.on_endOptions
---@field webhook sluice.Secret|string an address that is sent the summary of a run by POST when it has finished, stopped or failed, by the scheme of Standard Webhooks; its path is never shown
---@field secret? sluice.Secret|string what signs the message: "whsec_" and base64, or any text

---Where the rows come from: JSON lines, CSV, TSV, JSON or text, by the files' endings.
---@class (exact) sluice.readOptions
---@field key? string field that names a row, as the steps leave it: text or a number; without one, a row is named by its content
---@field format? "jsonl"|"csv"|"tsv"|"json"|"lines"|"parquet" what the files are, where their endings (.jsonl, .csv, .tsv, .json, .txt, .parquet) do not say it, as with standard input; a file that begins as something else is an error
---@field path? string JSON: names that lead to the list of rows, where it is inside of the document
---@field encoding? "utf-8"|"utf-16"|"utf-16be"|"latin1" of the files: "latin1" is Windows-1252; "utf-16" is little-endian where no byte order mark says otherwise
---@field delimiter? string CSV: what stands between two cells, one byte
---@field header? boolean CSV: whether the first row names the columns; without one they are those of columns, or column1, column2, …
---@field columns? string[] CSV: the names of the columns, in place of the header's (header = true), or where there is none (header = false)
---@field types? table<string, "text"|"int"|"number"|"bool"> CSV: columns that are not text: "int", "number" (as JSON writes it) or "bool" (true, false); an empty cell is then null, and a row with another cell is rejected
---@field null? string CSV: a cell with this text is null
---@field s3? sluice.s3Options how s3:// is reached, see s3
---@field gcs? sluice.gcsOptions how gs:// is reached, see gcs
---@field [integer] string|sluice.Files|sluice.Table files and globs, in order, of this machine (relative to the pipeline file), at s3://, gs:// or https://; gzip and zstd are inflated; "-" is standard input; s.files makes each file a row; s.postgres or s.sqlite alone reads a table, s.redis_stream, s.sqs, s.kafka or s.pubsub alone takes the rows of a queue

---What a row must be, before anything is spent on it.
---@class (exact) sluice.validateOptions
---@field check? fun(row: table): boolean, string? function(row) that returns true, or false and the reason to reject the row
---@field [string] sluice.Field a field

---The question: how rows become requests, and what an answer is.
---@class (exact) sluice.packOptions
---@field rows? integer rows in one request, at most
---@field tokens? integer estimated prompt tokens of a request's rows, at most; a larger row goes alone
---@field output_tokens? integer expected output tokens of a request's answers, at most, as learned from earlier answers; an endpoint's max_output_tokens bounds them too
---@field system? string system prompt, shared by the rows of a request
---@field user string|fun(row: table): string?, string? prompt of one row: a template with {{field}} and {{a.b}}, or function(row) that returns it (or nil and the reason to reject the row)
---@field images? string[] images and PDFs of one row, shown before its prompt: templates as user's, each of which gives a path relative to the pipeline file, an https:// address that the provider fetches, or "data:image/png;base64,…"; an empty field gives none, and one that is a list one for each of its texts. PNG, JPEG, GIF, WebP and PDF, by the content; at most 20 of a row and 15 MB together. A row whose file changed is asked again. With images a request has one row: docs/reference.md, Images
---@field image_bytes? integer bytes of one file of images, at most; a row with a larger one is rejected
---@field image_tokens? integer input tokens of one image, at most, by which budget and quotas are reserved until the answer counts them; a page of a PDF has 3000 more
---@field answer? table<string, sluice.Field> columns of the answer, in order; without it the answer is free text in one column, answer
---@field examples? sluice.examplesOptions rows with the answers that they should get, shown to the model with every request

---Examples for the model, an option of pack.
---@class (exact) sluice.examplesOptions
---@field [integer] { row: table, answer: table|string } { row = …, answer = … }: the row's prompt is made as any row's (by the function, too, when user is one: it is called while the file loads); the answer keeps to the declaration, or is text where there is none; at most 100

---The question, in place of pack, where each row's text is to become a vector.
---@class (exact) sluice.embedOptions
---@field text string|fun(row: table): string?, string? text of one row: a template with {{field}} and {{a.b}}, or function(row) that returns it (or nil and the reason to reject the row)
---@field dimensions? integer numbers of a vector, where the model gives shorter ones than its own
---@field as? string column of the vectors in the output
---@field rows? integer texts in one request, at most
---@field tokens? integer tokens of a request's texts, at most, as learned from earlier replies

---Who is asked, by when, and for how much.
---@class (exact) sluice.dispatchOptions
---@field deadline? string|number from the start of the run, earlier questions included; when it is reached, the run drains and can go on later
---@field budget? string|number for the whole job, earlier runs and all questions included; never passed. Wants max_output_tokens on the endpoints: a request counts at its worst until it is answered
---@field prices? string CSV file of prices, which win over the list prices, relative to the pipeline file; its columns: docs/reference.md, Prices
---@field route? "cheapest"|"in_order"|"spread"|"deadline" which endpoint a request goes to, among those that can take it now: by expected cost, the first in the file, or in turn by weight (without weights, by what each has free). "deadline" waits for the cheapest: dearer ones get only what the cheaper cannot do before the deadline; without a deadline they get something only while no cheaper one is to be had (stopped, broken, without capacity); where nothing says how much is left (a pipe), it is as "cheapest"
---@field retries? integer of one request after a failure, at most
---@field hedge? boolean ask a request that takes longer than 95 % of its endpoint's answers a second time and take the first answer; at most 5 % more requests, which are paid for
---@field [integer] sluice.Endpoint|sluice.Cascade s.openai { … }, or the constructor of another service or server; or one s.cascade { … } in place of all of them

---What becomes of an answer; the declaration in pack is always checked first.
---@class (exact) sluice.parseOptions
---@field retries? integer times that a row is asked again because its answer was missing or did not fit
---@field [integer] fun(answer: table, row: table): table?, string? function(answer, row) that returns the answer, changed or not, or nil and the reason to ask again

---Where answers and rejects go, in the format of the ending: JSON lines, CSV or TSV as they come; .json, or any of them compressed (.gz, .zst), whole when a run ends. Several may stand one behind the other.
---@class (exact) sluice.sinkOptions
---@field rejects? string JSONL file for rows without an answer
---@field keep? "row"|string[] fields of the row that output lines begin with: all ("row") or those listed
---@field keep_missing? boolean whether rows that have left the input keep their lines, and a changed row its old one beside the new
---@field s3? sluice.s3Options how s3:// is reached, see s3
---@field gcs? sluice.gcsOptions how gs:// is reached, see gcs
---@field [integer] string|sluice.Table the output file, relative to the pipeline file; or s.postgres, s.sqlite, s.redis_stream, s.sqs, s.kafka or s.pubsub

---How s3:// is reached, an option of read and sink.
---@class (exact) sluice.s3Options
---@field endpoint? string a server that speaks S3's protocol: MinIO, R2, Ceph and others
---@field region? string where the bucket is
---@field path_style? boolean whether the bucket stands in the path of an address and not in its host's name
---@field credentials? sluice.Secret|string keys that sign the requests: "ID:SECRET" or "ID:SECRET:SESSION", or a credentials file as AWS's tools have it (its path begins with / or ~/), with "#PROFILE" behind it
---@field anonymous? boolean for a public bucket: nothing is signed

---How gs:// is reached, an option of read and sink.
---@class (exact) sluice.gcsOptions
---@field endpoint? string another server than Google's, to which the machine's own credentials do not go
---@field project? string whose quota is charged
---@field credentials? sluice.Secret|string a credential file of Google: its path, which begins with /, or what is in it
---@field anonymous? boolean for a public bucket: nothing proves who asks

---A table of a PostgreSQL database, in s.read and s.sink.
---@class (exact) sluice.postgresOptions
---@field url sluice.Secret|string where the database is, as libpq takes it: postgresql://user:password@host:5432/database, or "host=… dbname=…"; it is never shown
---@field table? string the table, "schema.table" where it is in another schema; read whole, in the order of its primary key; s.sink makes it where it is missing
---@field query? string in s.read, in place of table: one SELECT; with an ORDER BY, rows come in the same order each time
---@field mode? "append"|"upsert"|"replace" in s.sink: answers become further rows; or they take the place of rows with their key; or they are the table's only rows

---A table of an SQLite file, in s.read and s.sink.
---@class (exact) sluice.sqliteOptions
---@field table? string the table, "schema.table" where it is in another schema; read whole, in the order of its primary key; s.sink makes it where it is missing
---@field query? string in s.read, in place of table: one SELECT; with an ORDER BY, rows come in the same order each time
---@field mode? "append"|"upsert"|"replace" in s.sink: answers become further rows; or they take the place of rows with their key; or they are the table's only rows
---@field [integer] string the file, relative to the pipeline file

---A stream of Redis, in s.read and s.sink.
---@class (exact) sluice.redis_streamOptions
---@field url sluice.Secret|string where the server is: redis://[user:password@]host[:port][/database], rediss:// over TLS, or unix:/path of its socket; it is never shown
---@field stream string the stream's key
---@field group? string in s.read: the consumer group, made from the stream's beginning where it is missing; all workers that share the rows name the same one
---@field consumer? string in s.read: this worker's name in the group; no two may have the same
---@field field? string in s.read: the field of an entry that holds the row, a JSON object; in s.sink: the field to put the line into
---@field ack? "answer"|"intake" in s.read: when a row is acknowledged: "answer", once its answer or reject is durable in the checkpoint; "intake", within a second after it was taken: the row is kept in the checkpoint's folder until then
---@field max_deliveries? integer in s.read: a row that was delivered more often, and never acknowledged, is rejected (too_many_deliveries)
---@field idle_exit? string|number in s.read: the run is over when nothing has come for so long
---@field take_over? string|number in s.read: a worker that has given no sign of life for so long is dead, and the others take over what it held; the same in all workers
---@field delete? boolean in s.read: entries are deleted when they are acknowledged, where no other group reads them
---@field maxlen? integer in s.sink: the stream is cut to about so many entries, the oldest first
---@field ca_file? string the only certificates trusted for rediss:// (PEM file)

---A queue of Amazon SQS, in s.read and s.sink.
---@class (exact) sluice.sqsOptions
---@field url string the queue's, as Amazon's console shows it; or that of a queue at a server that speaks SQS's JSON protocol
---@field region? string where the queue is
---@field credentials? sluice.Secret|string keys that sign the requests: "ID:SECRET" or "ID:SECRET:SESSION", or a credentials file as AWS's tools have it (its path begins with / or ~/), with "#PROFILE" behind it
---@field ack? "answer"|"intake" in s.read: when a row is acknowledged: "answer", once its answer or reject is durable in the checkpoint; "intake", within a second after it was taken: the row is kept in the checkpoint's folder until then
---@field max_deliveries? integer in s.read: a row that was delivered more often, and never acknowledged, is rejected (too_many_deliveries)
---@field idle_exit? string|number in s.read: the run is over when nothing has come for so long
---@field visibility? string|number in s.read: how long a message is withheld from others without a word of the worker that has it, 2 s to 11 h; the worker extends it at half of that

---A topic of Kafka, in s.read and s.sink.
---@class (exact) sluice.kafkaOptions
---@field brokers string one or more brokers of the cluster, host:port, with commas; the others are found by them
---@field topic string the topic
---@field group? string in s.read: the consumer group; one that is new begins with the topic's oldest message; all workers that share the rows name the same one
---@field config? table<string, sluice.Secret|string> settings of Kafka's client, librdkafka, by their names there: how to prove who asks, timeouts, sizes; those that sluice rests on are refused
---@field ack? "answer"|"intake" in s.read: when a row is acknowledged: "answer", once its answer or reject is durable in the checkpoint; "intake", within a second after it was taken: the row is kept in the checkpoint's folder until then
---@field idle_exit? string|number in s.read: the run is over when nothing has come for so long

---A subscription of Google Pub/Sub, in s.read, or a topic, in s.sink.
---@class (exact) sluice.pubsubOptions
---@field subscription? string in s.read, where it must stand: the subscription, with its project; one that is pulled, not pushed
---@field topic? string in s.sink, where it must stand: the topic, with its project
---@field credentials? sluice.Secret|string a credential file of Google, by its path or what is in it
---@field endpoint? string the server's address, such as that of an emulator or of a region
---@field ack? "answer"|"intake" in s.read: when a row is acknowledged: "answer", once its answer or reject is durable in the checkpoint; "intake", within a second after it was taken: the row is kept in the checkpoint's folder until then
---@field max_deliveries? integer in s.read: a row that was delivered more often, and never acknowledged, is rejected (too_many_deliveries)
---@field idle_exit? string|number in s.read: the run is over when nothing has come for so long
---@field deadline? string|number in s.read: how long a message is withheld from others without a word of the worker that has it, 10 s to 10 min; the worker extends it at half of that

---In dispatch: a cheap model is asked about every row, and a dearer one where its answer is not good enough.
---@class (exact) sluice.cascadeOptions
---@field escalate fun(answer: table, row: table): boolean function(answer, row) that returns true where the next level is to be asked, or false where the answer stands; a row without an answer is asked at the next level in any case
---@field [integer] sluice.Endpoint|sluice.Endpoint[] who is asked, the cheapest first; all get the same prompt, and keep to the same answer and parse. A level begins when the one before has ended

---An endpoint that speaks OpenAI's chat completions, as many gateways and own servers do.
---@class (exact) sluice.openaiOptions
---@field model string model, as the provider names it
---@field name? string what reports call the endpoint
---@field base_url? string where the API is; for gateways and own servers
---@field key? sluice.Secret|string API key; may be left out with a base_url
---@field keys? (sluice.Secret|string)[] several API keys in place of key: an endpoint for each, with its own quota; the limits below hold for each
---@field tiers? sluice.tiersOptions how to buy the model: an endpoint for each tier, with its own quota and price; the limits below hold for each. With it, route is "deadline" unless it is given
---@field rpm? number requests a minute
---@field tpm? number tokens a minute, input and output
---@field input_tpm? number input tokens a minute
---@field output_tpm? number output tokens a minute
---@field rpd? number requests a day
---@field tpd? number tokens a day
---@field max_concurrency? integer requests in flight, at most; below it the number is found while running
---@field weight? number with route = "spread", its share of the requests beside the other endpoints
---@field max_output_tokens? integer output tokens of one request, at most; also what a budget counts until it is answered
---@field temperature? number sampling temperature
---@field structured? "json_schema"|"json_object"|"instruction" how the answer's shape is asked for: as a JSON schema, as any JSON object, or in words only; left out, a server that refuses one way is asked the next
---@field price? sluice.priceOptions|0 what tokens cost; 0 where they cost nothing, as on a server of your own
---@field timeout? string|number for one request, from sending to the last byte
---@field connect_timeout? string|number for one connection: name look-up, proxy and TLS included
---@field first_byte_timeout? string|number from the request's last byte sent to the answer's first
---@field ca_file? string PEM file of certificates to trust instead of the system's
---@field proxy? sluice.Secret|string HTTP proxy on the way to the endpoint, http://[user:password@]host:port; "none" goes straight
---@field charge_header? string response header in which a gateway tells what it charged, in dollars
---@field service_tier? string sent as it stands; a request is billed at the tier that its reply names
---@field api? "chat"|"responses" which of the service's formats is spoken
---@field profile? sluice.profileOptions how a service differs from those that are known, see profile

---An endpoint at Azure OpenAI.
---@class (exact) sluice.azureOptions
---@field model string model, as the provider names it
---@field name? string what reports call the endpoint
---@field base_url? string where the API is; for gateways and own servers
---@field key? sluice.Secret|string API key; may be left out with a base_url
---@field keys? (sluice.Secret|string)[] several API keys in place of key: an endpoint for each, with its own quota; the limits below hold for each
---@field tiers? sluice.tiersOptions how to buy the model: an endpoint for each tier, with its own quota and price; the limits below hold for each. With it, route is "deadline" unless it is given
---@field rpm? number requests a minute
---@field tpm? number tokens a minute, input and output
---@field input_tpm? number input tokens a minute
---@field output_tpm? number output tokens a minute
---@field rpd? number requests a day
---@field tpd? number tokens a day
---@field max_concurrency? integer requests in flight, at most; below it the number is found while running
---@field weight? number with route = "spread", its share of the requests beside the other endpoints
---@field max_output_tokens? integer output tokens of one request, at most; also what a budget counts until it is answered
---@field temperature? number sampling temperature
---@field structured? "json_schema"|"json_object"|"instruction" how the answer's shape is asked for: as a JSON schema, as any JSON object, or in words only; left out, a server that refuses one way is asked the next
---@field price? sluice.priceOptions|0 what tokens cost; 0 where they cost nothing, as on a server of your own
---@field timeout? string|number for one request, from sending to the last byte
---@field connect_timeout? string|number for one connection: name look-up, proxy and TLS included
---@field first_byte_timeout? string|number from the request's last byte sent to the answer's first
---@field ca_file? string PEM file of certificates to trust instead of the system's
---@field proxy? sluice.Secret|string HTTP proxy on the way to the endpoint, http://[user:password@]host:port; "none" goes straight
---@field charge_header? string response header in which a gateway tells what it charged, in dollars
---@field service_tier? string sent as it stands; a request is billed at the tier that its reply names
---@field resource? string the first word of the address, in place of base_url
---@field credentials? sluice.Secret|string in place of a key, what tokens or signatures are made with (docs/providers.md, Tokens)
---@field api_version? string sent as api-version

---An endpoint that speaks Anthropic's messages.
---@class (exact) sluice.anthropicOptions
---@field model string model, as the provider names it
---@field name? string what reports call the endpoint
---@field base_url? string where the API is; for gateways and own servers
---@field key? sluice.Secret|string API key; may be left out with a base_url
---@field keys? (sluice.Secret|string)[] several API keys in place of key: an endpoint for each, with its own quota; the limits below hold for each
---@field tiers? sluice.tiersOptions how to buy the model: an endpoint for each tier, with its own quota and price; the limits below hold for each. With it, route is "deadline" unless it is given
---@field rpm? number requests a minute
---@field tpm? number tokens a minute, input and output
---@field input_tpm? number input tokens a minute
---@field output_tpm? number output tokens a minute
---@field rpd? number requests a day
---@field tpd? number tokens a day
---@field max_concurrency? integer requests in flight, at most; below it the number is found while running
---@field weight? number with route = "spread", its share of the requests beside the other endpoints
---@field max_output_tokens? integer output tokens of one request, at most; also what a budget counts until it is answered
---@field temperature? number sampling temperature
---@field structured? "json_schema"|"json_object"|"instruction" how the answer's shape is asked for: as a JSON schema, as any JSON object, or in words only; left out, a server that refuses one way is asked the next
---@field price? sluice.priceOptions|0 what tokens cost; 0 where they cost nothing, as on a server of your own
---@field timeout? string|number for one request, from sending to the last byte
---@field connect_timeout? string|number for one connection: name look-up, proxy and TLS included
---@field first_byte_timeout? string|number from the request's last byte sent to the answer's first
---@field ca_file? string PEM file of certificates to trust instead of the system's
---@field proxy? sluice.Secret|string HTTP proxy on the way to the endpoint, http://[user:password@]host:port; "none" goes straight
---@field charge_header? string response header in which a gateway tells what it charged, in dollars
---@field service_tier? string sent as it stands; a request is billed at the tier that its reply names
---@field cache? "5m"|"1h" has the provider keep the system text, for five minutes or an hour from its last use: written at 1.25 or 2 times the input price, read at a tenth; worth it from some 1,024 to 4,096 tokens on, below which nothing is kept
---@field profile? sluice.profileOptions how a service differs from those that are known, see profile

---An endpoint that speaks Google's generateContent.
---@class (exact) sluice.geminiOptions
---@field model string model, as the provider names it
---@field name? string what reports call the endpoint
---@field base_url? string where the API is; for gateways and own servers
---@field key? sluice.Secret|string API key; may be left out with a base_url
---@field keys? (sluice.Secret|string)[] several API keys in place of key: an endpoint for each, with its own quota; the limits below hold for each
---@field tiers? sluice.tiersOptions how to buy the model: an endpoint for each tier, with its own quota and price; the limits below hold for each. With it, route is "deadline" unless it is given
---@field rpm? number requests a minute
---@field tpm? number tokens a minute, input and output
---@field input_tpm? number input tokens a minute
---@field output_tpm? number output tokens a minute
---@field rpd? number requests a day
---@field tpd? number tokens a day
---@field max_concurrency? integer requests in flight, at most; below it the number is found while running
---@field weight? number with route = "spread", its share of the requests beside the other endpoints
---@field max_output_tokens? integer output tokens of one request, at most; also what a budget counts until it is answered
---@field temperature? number sampling temperature
---@field structured? "json_schema"|"json_object"|"instruction" how the answer's shape is asked for: as a JSON schema, as any JSON object, or in words only; left out, a server that refuses one way is asked the next
---@field price? sluice.priceOptions|0 what tokens cost; 0 where they cost nothing, as on a server of your own
---@field timeout? string|number for one request, from sending to the last byte
---@field connect_timeout? string|number for one connection: name look-up, proxy and TLS included
---@field first_byte_timeout? string|number from the request's last byte sent to the answer's first
---@field ca_file? string PEM file of certificates to trust instead of the system's
---@field proxy? sluice.Secret|string HTTP proxy on the way to the endpoint, http://[user:password@]host:port; "none" goes straight
---@field charge_header? string response header in which a gateway tells what it charged, in dollars
---@field service_tier? string sent as it stands; a request is billed at the tier that its reply names

---An endpoint at Vertex AI.
---@class (exact) sluice.vertexOptions
---@field model string model, as the provider names it
---@field name? string what reports call the endpoint
---@field base_url? string where the API is; for gateways and own servers
---@field key? sluice.Secret|string API key; may be left out with a base_url
---@field keys? (sluice.Secret|string)[] several API keys in place of key: an endpoint for each, with its own quota; the limits below hold for each
---@field tiers? sluice.tiersOptions how to buy the model: an endpoint for each tier, with its own quota and price; the limits below hold for each. With it, route is "deadline" unless it is given
---@field rpm? number requests a minute
---@field tpm? number tokens a minute, input and output
---@field input_tpm? number input tokens a minute
---@field output_tpm? number output tokens a minute
---@field rpd? number requests a day
---@field tpd? number tokens a day
---@field max_concurrency? integer requests in flight, at most; below it the number is found while running
---@field weight? number with route = "spread", its share of the requests beside the other endpoints
---@field max_output_tokens? integer output tokens of one request, at most; also what a budget counts until it is answered
---@field temperature? number sampling temperature
---@field structured? "json_schema"|"json_object"|"instruction" how the answer's shape is asked for: as a JSON schema, as any JSON object, or in words only; left out, a server that refuses one way is asked the next
---@field price? sluice.priceOptions|0 what tokens cost; 0 where they cost nothing, as on a server of your own
---@field timeout? string|number for one request, from sending to the last byte
---@field connect_timeout? string|number for one connection: name look-up, proxy and TLS included
---@field first_byte_timeout? string|number from the request's last byte sent to the answer's first
---@field ca_file? string PEM file of certificates to trust instead of the system's
---@field proxy? sluice.Secret|string HTTP proxy on the way to the endpoint, http://[user:password@]host:port; "none" goes straight
---@field charge_header? string response header in which a gateway tells what it charged, in dollars
---@field service_tier? string sent as it stands; a request is billed at the tier that its reply names
---@field region? string where the model runs, as the provider names it
---@field regions? string[] several regions: an endpoint for each, with its own quota and ledger line; the limits below hold for each
---@field project? string the project that is billed
---@field batch_bucket? string where the files of its batches lie, for the tier "batch" at a service that takes them from a bucket
---@field credentials? sluice.Secret|string in place of a key, what tokens or signatures are made with (docs/providers.md, Tokens)
---@field cache? "5m"|"1h" of Claude's models alone: has the provider keep the system text, as s.anthropic's cache

---An endpoint that speaks Amazon Bedrock's Converse.
---@class (exact) sluice.bedrockOptions
---@field model string model, as the provider names it
---@field name? string what reports call the endpoint
---@field base_url? string where the API is; for gateways and own servers
---@field key? sluice.Secret|string API key of Bedrock; without one the requests are signed
---@field keys? (sluice.Secret|string)[] several API keys in place of key: an endpoint for each, with its own quota; the limits below hold for each
---@field tiers? sluice.tiersOptions how to buy the model: an endpoint for each tier, with its own quota and price; the limits below hold for each. With it, route is "deadline" unless it is given
---@field rpm? number requests a minute
---@field tpm? number tokens a minute, input and output
---@field input_tpm? number input tokens a minute
---@field output_tpm? number output tokens a minute
---@field rpd? number requests a day
---@field tpd? number tokens a day
---@field max_concurrency? integer requests in flight, at most; below it the number is found while running
---@field weight? number with route = "spread", its share of the requests beside the other endpoints
---@field max_output_tokens? integer output tokens of one request, at most; also what a budget counts until it is answered
---@field temperature? number sampling temperature
---@field structured? "json_schema"|"json_object"|"instruction" how the answer's shape is asked for: as a JSON schema, as any JSON object, or in words only; left out, a server that refuses one way is asked the next
---@field price? sluice.priceOptions|0 what tokens cost; 0 where they cost nothing, as on a server of your own
---@field timeout? string|number for one request, from sending to the last byte
---@field connect_timeout? string|number for one connection: name look-up, proxy and TLS included
---@field first_byte_timeout? string|number from the request's last byte sent to the answer's first
---@field ca_file? string PEM file of certificates to trust instead of the system's
---@field proxy? sluice.Secret|string HTTP proxy on the way to the endpoint, http://[user:password@]host:port; "none" goes straight
---@field charge_header? string response header in which a gateway tells what it charged, in dollars
---@field service_tier? string sent as it stands; a request is billed at the tier that its reply names
---@field region? string where the model runs, as the provider names it
---@field regions? string[] several regions: an endpoint for each, with its own quota and ledger line; the limits below hold for each
---@field batch_bucket? string where the files of its batches lie, for the tier "batch" at a service that takes them from a bucket
---@field batch_role? string the ARN of the role that Bedrock reads and writes these files as
---@field credentials? sluice.Secret|string keys that sign the requests: "ID:SECRET" or "ID:SECRET:SESSION", or a credentials file as AWS's tools have it, with "#PROFILE" behind its path
---@field cache? "5m"|"1h" has the provider keep the system text, for five minutes or an hour from its last use: written at 1.25 or 2 times the input price, read at a tenth; worth it from some 1,024 to 4,096 tokens on, below which nothing is kept

---The tiers of a model, an option of the endpoints.
---@class (exact) sluice.tiersOptions
---@field [integer] string|sluice.tierOptions "batch", "flex", "standard", "priority" or "fast", as far as the provider sells it (docs/providers.md, Tiers); a table gives the tier limits of its own

---One of the tiers, with what is its own.
---@class (exact) sluice.tierOptions
---@field rpm? number requests a minute
---@field tpm? number tokens a minute, input and output
---@field input_tpm? number input tokens a minute
---@field output_tpm? number output tokens a minute
---@field rpd? number requests a day
---@field tpd? number tokens a day
---@field max_concurrency? integer requests in flight, at most
---@field weight? number with route = "spread", its share of the requests
---@field price? sluice.priceOptions|0 what tokens cost at this tier
---@field timeout? string|number for one request, from sending to the last byte
---@field first_byte_timeout? string|number from the request's last byte sent to the answer's first
---@field window? string|number of "batch": how long a batch may take; it is then cancelled, what it has is kept, and the rest is asked otherwise
---@field search? string|number of "batch": how long the provider's list is searched for a batch whose creation came to an unknown end, before it is created again
---@field requests? integer of "batch": requests in one batch, at most
---@field [integer] string its name

---What tokens cost, an option of the endpoints; it holds at whatever tier a request is served. price = 0 where nothing costs anything.
---@class (exact) sluice.priceOptions
---@field input number dollars per million input tokens
---@field output number dollars per million output tokens, thinking included
---@field cached_input? number dollars per million input tokens read from the provider's cache
---@field cache_write? number dollars per million input tokens written to the provider's cache; where it is named, a budget counts each input token at it until the request is answered
---@field cache_write_1h? number the same for what is written for an hour
---@field above? sluice.aboveOptions what all tokens of a request with a long prompt cost

---What a request with a long prompt costs, an option of price; what is written to the cache then costs as much more as the input does.
---@class (exact) sluice.aboveOptions
---@field tokens integer a request with more input tokens than this, cached ones included, costs these prices, all of it
---@field input number dollars per million input tokens
---@field output number dollars per million output tokens
---@field cached_input? number dollars per million input tokens read from the provider's cache

---How a service differs from those that are known, an option of the endpoints.
---@class (exact) sluice.profileOptions
---@field title? string what messages call the service
---@field auth? "bearer"|"api-key"|"x-api-key" the header in which the key travels: Authorization: Bearer, api-key or x-api-key
---@field output_limit? string the request's field for max_output_tokens
---@field schema? "all"|"no_text_lengths"|"no_text_limits"|"none" which limits its JSON schemas take: all, all but text lengths (and patterns), or none; those that it does not take are told in words
---@field cached_beside_input? boolean its count of input tokens leaves out those read from its cache
---@field reasoning_beside_output? boolean its count of output tokens leaves out those of reasoning
---@field wait_header? string header of a 429 that tells how many seconds to wait, beside retry-after
---@field errors? sluice.errorsOptions what its errors mean; the first rule that fits holds, before all that is known
---@field rate_headers? sluice.rate_headersOptions headers that tell its quotas, in place of x-ratelimit-…

---What a service's errors mean, an option of profile.
---@class (exact) sluice.errorsOptions
---@field [integer] sluice.errorOptions a rule, see error

---One rule of errors.
---@class (exact) sluice.errorOptions
---@field status integer the HTTP status
---@field to? integer the last status, where the rule holds for several
---@field name? string the error's type or code, exactly
---@field words? string words of its message, in any case
---@field action "retry"|"move"|"reject"|"split"|"stop" what to do: ask again here, go elsewhere, reject the rows, ask with half the rows, or leave the endpoint alone for the rest of the run
---@field cause? "rate_limit"|"slow_down"|"overloaded"|"capacity"|"server_error"|"conflict"|"payment"|"spend_limit"|"daily_quota"|"auth"|"forbidden"|"not_found"|"unsupported"|"bad_request"|"unprocessable"|"too_large"|"content_filter"|"timeout" what rejects, notes and --json call it

---Headers that tell a service's quotas, an option of profile.
---@class (exact) sluice.rate_headersOptions
---@field [integer] sluice.rate_headerOptions a header, see rate_header

---One header of rate_headers.
---@class (exact) sluice.rate_headerOptions
---@field name string the header
---@field quota "rpm"|"tpm"|"input_tpm"|"output_tpm"|"rpd"|"tpd" the quota that it is about, by the name of the endpoint's option
---@field part "limit"|"remaining"|"reset" what it tells: the limit, what is left of it, or the time until it is full again
---@field per? "second"|"minute"|"hour"|"day" the server's window, where it is not the quota's

---Text.
---@class (exact) sluice.textOptions
---@field min? integer characters, at least
---@field max? integer characters, at most
---@field pattern? string regular expression (RE2) that is found in the text; with ^ and $ the whole text fits it
---@field optional? boolean whether the field may be missing or null
---@field description? string what the field means; goes to the model with the schema

---A whole number.
---@class (exact) sluice.intOptions
---@field min? integer least value
---@field max? integer greatest value
---@field optional? boolean whether the field may be missing or null
---@field description? string what the field means; goes to the model with the schema

---A number.
---@class (exact) sluice.numberOptions
---@field min? number least value
---@field max? number greatest value
---@field optional? boolean whether the field may be missing or null
---@field description? string what the field means; goes to the model with the schema

---True or false.
---@class (exact) sluice.boolOptions
---@field optional? boolean whether the field may be missing or null
---@field description? string what the field means; goes to the model with the schema

---One of the texts given.
---@class (exact) sluice.one_ofOptions
---@field optional? boolean whether the field may be missing or null
---@field description? string what the field means; goes to the model with the schema
---@field [integer] string the texts to choose from

---A list, all of one type.
---@class (exact) sluice.listOptions
---@field min? integer elements, at least
---@field max? integer elements, at most
---@field optional? boolean whether the field may be missing or null
---@field description? string what the field means; goes to the model with the schema
---@field [integer] sluice.Field type of the elements

---An object with fields of its own.
---@class (exact) sluice.objectOptions
---@field optional? boolean whether the field may be missing or null
---@field description? string what the field means; goes to the model with the schema
---@field [string] sluice.Field a field

local sluice = {}

---The job; what the file returns.
---@param options sluice.pipelineOptions
---@return sluice.Pipeline
function sluice.pipeline(options) end

---Where the rows come from: JSON lines, CSV, TSV, JSON or text, by the files' endings.
---@param options sluice.readOptions|(string|sluice.Files|sluice.Table)[]
---@return sluice.Stage
function sluice.read(options) end

---Changes rows before they are asked: `s.map(function(row) row.body = row.title .. "\n" .. row.body return row end)`.
---@param f fun(row: table): table?, string? function(row) that returns the row, changed or new, or nil and the reason to reject it
---@return sluice.Stage
function sluice.map(f) end

---Chooses rows; the others are not part of the job: `s.keep(function(row) return #row.body > 10 end)`.
---@param f fun(row: table): boolean function(row) that returns true for the rows to keep
---@return sluice.Stage
function sluice.keep(f) end

---Makes any number of rows of each row: `s.explode(function(row) local rows = {} for i, c in ipairs(row.claims) do rows[i] = { id = row.id, n = i, claim = c } end return rows end)`.
---@param f fun(row: table): table[]?, string? function(row) that returns a list of rows, which may be empty, or nil and the reason to reject the row
---@return sluice.Stage
function sluice.explode(f) end

---What a row must be, before anything is spent on it.
---@param options sluice.validateOptions
---@return sluice.Stage
function sluice.validate(options) end

---The question: how rows become requests, and what an answer is.
---@param options sluice.packOptions
---@return sluice.Stage
function sluice.pack(options) end

---The question, in place of pack, where each row's text is to become a vector.
---@param options sluice.embedOptions
---@return sluice.Stage
function sluice.embed(options) end

---Who is asked, by when, and for how much.
---@param options sluice.dispatchOptions|(sluice.Endpoint|sluice.Cascade)[]
---@return sluice.Stage
function sluice.dispatch(options) end

---What becomes of an answer; the declaration in pack is always checked first.
---@param options sluice.parseOptions|fun(answer: table, row: table): table?, string?[]
---@return sluice.Stage
function sluice.parse(options) end

---Where answers and rejects go, in the format of the ending: JSON lines, CSV or TSV as they come; .json, or any of them compressed (.gz, .zst), whole when a run ends. Several may stand one behind the other.
---@param options sluice.sinkOptions|(string|sluice.Table)[]
---@return sluice.Stage
function sluice.sink(options) end

---A table of a PostgreSQL database, in s.read and s.sink.
---@param options sluice.postgresOptions
---@return sluice.Table
function sluice.postgres(options) end

---A table of an SQLite file, in s.read and s.sink.
---@param options sluice.sqliteOptions|string[]
---@return sluice.Table
function sluice.sqlite(options) end

---A stream of Redis, in s.read and s.sink.
---@param options sluice.redis_streamOptions
---@return sluice.Table
function sluice.redis_stream(options) end

---A queue of Amazon SQS, in s.read and s.sink.
---@param options sluice.sqsOptions
---@return sluice.Table
function sluice.sqs(options) end

---A topic of Kafka, in s.read and s.sink.
---@param options sluice.kafkaOptions
---@return sluice.Table
function sluice.kafka(options) end

---A subscription of Google Pub/Sub, in s.read, or a topic, in s.sink.
---@param options sluice.pubsubOptions
---@return sluice.Table
function sluice.pubsub(options) end

---In dispatch: a cheap model is asked about every row, and a dearer one where its answer is not good enough.
---@param options sluice.cascadeOptions
---@return sluice.Cascade
function sluice.cascade(options) end

---An endpoint that speaks OpenAI's chat completions, as many gateways and own servers do.
---@param options sluice.openaiOptions
---@return sluice.Endpoint
function sluice.openai(options) end

---An endpoint at Groq.
---@param options sluice.openaiOptions
---@return sluice.Endpoint
function sluice.groq(options) end

---An endpoint at Cerebras.
---@param options sluice.openaiOptions
---@return sluice.Endpoint
function sluice.cerebras(options) end

---An endpoint at SambaNova.
---@param options sluice.openaiOptions
---@return sluice.Endpoint
function sluice.sambanova(options) end

---An endpoint at Together.
---@param options sluice.openaiOptions
---@return sluice.Endpoint
function sluice.together(options) end

---An endpoint at Fireworks.
---@param options sluice.openaiOptions
---@return sluice.Endpoint
function sluice.fireworks(options) end

---An endpoint at xAI.
---@param options sluice.openaiOptions
---@return sluice.Endpoint
function sluice.xai(options) end

---An endpoint at Mistral.
---@param options sluice.openaiOptions
---@return sluice.Endpoint
function sluice.mistral(options) end

---An endpoint at DeepSeek.
---@param options sluice.openaiOptions
---@return sluice.Endpoint
function sluice.deepseek(options) end

---An endpoint at OpenRouter.
---@param options sluice.openaiOptions
---@return sluice.Endpoint
function sluice.openrouter(options) end

---An own vLLM server.
---@param options sluice.openaiOptions
---@return sluice.Endpoint
function sluice.vllm(options) end

---An own SGLang server.
---@param options sluice.openaiOptions
---@return sluice.Endpoint
function sluice.sglang(options) end

---An own llama.cpp server.
---@param options sluice.openaiOptions
---@return sluice.Endpoint
function sluice.llama_cpp(options) end

---An own Ollama server.
---@param options sluice.openaiOptions
---@return sluice.Endpoint
function sluice.ollama(options) end

---An endpoint at Azure OpenAI.
---@param options sluice.azureOptions
---@return sluice.Endpoint
function sluice.azure(options) end

---An endpoint that speaks Anthropic's messages.
---@param options sluice.anthropicOptions
---@return sluice.Endpoint
function sluice.anthropic(options) end

---An endpoint that speaks Google's generateContent.
---@param options sluice.geminiOptions
---@return sluice.Endpoint
function sluice.gemini(options) end

---An endpoint at Vertex AI.
---@param options sluice.vertexOptions
---@return sluice.Endpoint
function sluice.vertex(options) end

---An endpoint that speaks Amazon Bedrock's Converse.
---@param options sluice.bedrockOptions
---@return sluice.Endpoint
function sluice.bedrock(options) end

---@class sluice.textField : sluice.Field
---@overload fun(options: sluice.textOptions): sluice.Field

---Text: `s.text { max = 160 }`.
---@type sluice.textField
sluice.text = nil

---@class sluice.intField : sluice.Field
---@overload fun(options: sluice.intOptions): sluice.Field

---A whole number: `s.int { min = 1, max = 5 }`.
---@type sluice.intField
sluice.int = nil

---@class sluice.numberField : sluice.Field
---@overload fun(options: sluice.numberOptions): sluice.Field

---A number: `s.number { min = 0, max = 1 }`.
---@type sluice.numberField
sluice.number = nil

---@class sluice.boolField : sluice.Field
---@overload fun(options: sluice.boolOptions): sluice.Field

---True or false: `s.bool`.
---@type sluice.boolField
sluice.bool = nil

---@class sluice.one_ofField : sluice.Field
---@overload fun(options: sluice.one_ofOptions|string[]): sluice.Field

---One of the texts given: `s.one_of { "billing", "bug" }`.
---@type sluice.one_ofField
sluice.one_of = nil

---@class sluice.listField : sluice.Field
---@overload fun(options: sluice.listOptions|sluice.Field[]): sluice.Field

---A list, all of one type: `s.list { s.text, max = 5 }`.
---@type sluice.listField
sluice.list = nil

---@class sluice.objectField : sluice.Field
---@overload fun(options: sluice.objectOptions): sluice.Field

---An object with fields of its own: `s.object { city = s.text, zip = s.text }`.
---@type sluice.objectField
sluice.object = nil

---The bytes of a file beside the pipeline file, as text.
---@param path string
---@return string
function sluice.file(path) end

---In s.read: each file that the pattern fits is a row.
---@param pattern string
---@return sluice.Files
function sluice.files(pattern) end

---The value of an environment variable, for `key`.
---@param name string
---@return sluice.Secret
function sluice.secret(name) end

---What --set gave, else the default.
---@generic T: string|number|boolean
---@param name string
---@param default? T
---@return T
---@overload fun(options: sluice.paramOptions): any
function sluice.param(name, default) end

return sluice
