// Drives the published client @ibmstreams/common, as an editor does, against the server of the first argument: log in, list,
// submit a bundle, watch the job, read its logs, cancel it. Prints what it saw as one JSON object.
const [url, username, bundle] = process.argv.slice(2);
const { Instance, InstanceSelector, Job, Registry, StreamsRest, SubmitJob, getStreamsInstance, store } = require('@ibmstreams/common');

const said = [];
const handler = new Proxy({}, {
  get: (_, name) => (text, options) => {
    if (name !== 'logTrace') said.push([name, text, options && options.detail]);
    return Promise.resolve();
  },
});
Registry.setDefaultMessageHandler(handler);
Registry.addMessageHandler(bundle, handler);
Registry.setSystemKeychain(new Proxy({}, { get: () => () => Promise.resolve(null) }));
const unhandled = (err) => {
  console.error(err);
  console.error(JSON.stringify(said));
  process.exit(1);
};
process.on('unhandledRejection', unhandled);

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function main() {
  const out = {};
  StreamsRest.setBaseUrl(url);
  StreamsRest.setCredentials('basic', username, process.env.TWIN_PASSWORD);
  const { data: roots } = await StreamsRest.getRootResourceUris();
  out.roots = roots.map((r) => r.name);

  const authentication = { streamsRestServiceUrl: url, username, password: process.env.TWIN_PASSWORD, rememberPassword: false };
  out.reachable = await store.dispatch(Instance.testStreamsInstanceConnection('v5_standalone', authentication));
  await store.dispatch(Instance.addStreamsInstance('v5_standalone', authentication, true, null));
  const { connectionId } = InstanceSelector.selectDefaultInstance(store.getState());
  const look = async () => {
    await store.dispatch(getStreamsInstance(connectionId, false, false));
    return InstanceSelector.selectStreamsInstanceInfo(store.getState(), connectionId);
  };
  let seen = await look();
  out.instance = seen.streamsInstance.id;
  out.groups = seen.streamsJobGroups.map((g) => g.name);
  out.before = seen.streamsJobs.map((j) => j.name);

  const id = await store.dispatch(SubmitJob.uploadApplicationBundle(connectionId, bundle));
  const jobConfig = { jobConfigOverlays: [{ jobConfig: { jobName: 'fromNode', submissionParameters: [{ name: 'rate', value: '3' }] } }] };
  await store.dispatch(SubmitJob.submitJobFromApplicationBundle(connectionId, bundle, id, jobConfig, bundle));
  const [submission] = store.getState().jobSubmissions;
  out.submission = submission.properties.status;
  out.log = submission.logMessages.length;
  out.job = submission.job.name;

  let job;
  for (let i = 0; i < 200 && !(job && job.status === 'running' && job.health === 'healthy'); i++) {
    await sleep(100);
    seen = await look();
    job = seen.streamsJobs.find((j) => j.name === 'fromNode');
  }
  out.status = job && `${job.status} ${job.health}`;
  out.parameters = job && job.submitParameters.map((p) => `${p.name}=${p.value}`);
  const { data: logs } = await store.dispatch(Job.downloadStreamsJobLogs(connectionId, job.id));
  out.gzip = logs[0] === 0x1f && logs[1] === 0x8b;
  await store.dispatch(Job.cancelStreamsJob(connectionId, job.id));
  for (let i = 0; i < 200 && job; i++) {
    await sleep(100);
    seen = await look();
    job = seen.streamsJobs.find((j) => j.name === 'fromNode');
  }
  out.after = seen.streamsJobs.map((j) => j.name);
  console.log(JSON.stringify(out));
  process.exit(0);
}

main().catch(unhandled);
