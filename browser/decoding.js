// Decodes frames of the server.

const EPOCH = /^[^\p{Surrogate}]{1,64}$/u;

/** Whether this is a position. */
export function isPosition(value) {
  if (typeof value?.epoch !== "string" || !EPOCH.test(value.epoch)) return false;
  return Number.isSafeInteger(value.offset) && value.offset >= 0;
}

/** The publication in a frame, or null. */
export function readPublication({ channel, position, sender, data, sent_at }) {
  if (typeof channel !== "string" || (position !== null && !isPosition(position))) return null;
  return { type: "publication", channel, position, sender, data, sent_at };
}

/** The publications of a list. All have a position. Throws a TypeError. */
export function readPublications(channel, list) {
  return list.map((each) => {
    const publication = readPublication({ ...each, channel });
    if (!publication?.position) throw new TypeError("not a publication");
    return { ...publication, recovered: true };
  });
}

/** The parts of an answer to `channel.subscribe`, by channel. Throws a TypeError. */
export function readSubscribeResults({ channels }) {
  const read = ({ channel, position, recovered, publications }) => {
    if (position !== null && !isPosition(position)) throw new TypeError("not a position");
    return [channel, { position, recovered, publications: readPublications(channel, publications) }];
  };
  return new Map(channels.map(read));
}
