using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// Checkpoints of Dopamine's replay buffer, as of the DQN replay dataset: gzipped NPY files of frames, actions, rewards and ends.
/// Each frame is stored once. The frames of zeros that the buffer puts before an episode, for its stacks, are no steps and are rejected.
/// </summary>
sealed class DqnReplaySource : StagedSource
{
    const string Episode = "episode";

    // Stacks are of four frames: three of zeros stand before an episode's first.
    const int Padding = 3;

    public override SourceFormat Format => SourceFormat.DqnReplay;

    public override bool Recognizes(SourceProbe probe) =>
        probe.HeadStartsWith([0x1F, 0x8B]) && probe.Text.Span.StartsWith((ReadOnlySpan<byte>)[0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y']);

    public override ImportConfig Decode(SourceRequest request, StagedWriter writer)
    {
        long episode = 0;
        foreach (var shard in ReplayShard.Find(request.Paths))
            episode = Decode(request, shard, episode, writer);
        writer.Finish(request.Paths);
        if (request.Rejects.Count > 0)
            request.Notes.Add(FormattableString.Invariant($"{request.Rejects.Count} frames of zeros that the replay buffer puts before episodes are no steps; they are listed with the rejected rows."));
        return ArrayMap.Of(writer.Columns, discrete: true) with { Terminated = "terminal" };
    }

    // Rows leave one by one into batches of what are steps; returns the number that the next shard's episodes begin with.
    static long Decode(SourceRequest request, ReplayShard shard, long episode, StagedWriter writer)
    {
        var file = Enumerable.Range(0, request.Paths.Count).First(i => shard.Stores.ContainsValue(request.Paths[i]));
        var path = shard.Stores["observation"];
        using var rows = ReplayRows.Open(shard);
        writer.Begin(path, [new StagedColumn(Episode, StagedKind.Integer, 0, []), .. rows.Columns]);
        var skipped = request.Skipped[file] = [];
        var padding = Padding;
        var started = false;
        long at = 0;
        while (rows.Next() is { } batch)
        {
            var first = 0;
            for (var i = 0; i <= batch.Count; i++)
            {
                var seam = i < batch.Count && at + i == rows.Cursor && started;
                var isPadding = i < batch.Count && padding > 0 && batch.IsZero(i);
                if (i < batch.Count && !isPadding && !seam)
                {
                    (padding, started) = (batch.Terminal[i] ? Padding : 0, !batch.Terminal[i]);
                    if (!batch.Terminal[i])
                        continue;
                    // The rows up to here belong to the episode that ends here.
                    batch.Write(writer, file, episode++, first, i + 1);
                    first = i + 1;
                    continue;
                }

                batch.Write(writer, file, episode, first, i);
                first = i;
                if (isPadding)
                {
                    padding--;
                    first = i + 1;
                    skipped.Add(at + i + 1);
                    request.Rejects.Add(new RejectedRow(path, at + i + 1, null, "a frame of zeros that the replay buffer puts before an episode; it is no step"));
                }
                else if (seam)
                {
                    // The newest row stands before the oldest one: they do not follow one another.
                    episode++;
                    started = false;
                    padding = Padding;
                    i--;
                }
            }

            at += batch.Count;
        }

        return episode + 1;
    }
}
