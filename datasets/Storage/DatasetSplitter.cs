namespace OfflineRL.Datasets;

/// <summary>Writes a dataset again with another split.</summary>
public static class DatasetSplitter
{
    /// <param name="workspace">Where the new version appears.</param>
    /// <param name="source">The dataset whose episodes are taken, all of them, in their order.</param>
    /// <param name="name">Name of the new dataset; null: the source's name, next version.</param>
    /// <param name="rule">Assigns each episode to a part.</param>
    /// <param name="progress">Told of every episode.</param>
    /// <param name="cancellation">Looked at between episodes; nothing is left behind then.</param>
    public static DatasetManifest Run(Workspace workspace, Dataset source, string? name, SplitRule rule, IJobProgress progress, CancellationToken cancellation = default)
    {
        DatasetManifest manifest = source.Manifest;
        string parts = string.Join(',', rule.Fractions.Select(f => FormattableString.Invariant($"{f.Name}={f.Fraction}")));
        DatasetDescription description = DatasetDescription.Of(manifest) with
        {
            Split = rule,
            Provenance = new()
            {
                Command = "datasets split",
                Config = FormattableString.Invariant($"parts: {parts}\nseed: {rule.Seed}\n"),
                Parents = [new(manifest.FullName, manifest.ContentHash)],
            },
        };
        using DatasetWriter writer = DatasetWriter.Create(workspace, name ?? manifest.Name, description);
        source.ReadEpisodes((EpisodeRecord record, in EpisodeColumns columns) =>
        {
            cancellation.ThrowIfCancellationRequested();
            writer.WriteEpisode(columns);
            progress.Report("split", writer.Steps, manifest.Counts.Steps);
        });
        return writer.Commit();
    }
}
