using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary><c>offlinerl datasets export</c>: a dataset in another format, with the map by which an import brings it back.</summary>
public static class ExportJob
{
    /// <summary>Writes episode by episode; what is written appears whole, or not at all.</summary>
    /// <param name="dataset">What to write.</param>
    /// <param name="format">As what.</param>
    /// <param name="path">The file; for Minari the folder. It must not exist.</param>
    /// <param name="progress">Told of steps written, and of what the format cannot hold.</param>
    /// <param name="cancellation">Stops between two episodes.</param>
    /// <returns>What the format cannot hold of this dataset, in sentences.</returns>
    /// <exception cref="UserErrorException">The path exists or cannot be written, or the format cannot hold the dataset at all.</exception>
    public static IReadOnlyList<string> Run(Dataset dataset, ExportFormat format, string path, IJobProgress progress, CancellationToken cancellation)
    {
        var plan = new ExportPlan(dataset);
        var target = Path.GetFullPath(path);
        if (Path.Exists(target))
            throw Throw.ExportExists(path);
        using var pending = PendingFolder.Create(target);
        try
        {
            var file = Path.Combine(pending.FolderPath, Path.GetFileName(target));
            IReadOnlyList<string> lost;
            using (var exporter = Create(plan, format, pending.FolderPath, file))
            {
                long steps = 0;
                dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns columns) =>
                {
                    cancellation.ThrowIfCancellationRequested();
                    exporter.Write(record, columns);
                    steps += record.Steps;
                    progress.Report("exporting steps", steps, dataset.Manifest.Counts.Steps);
                });
                exporter.Finish();
                lost = plan.FilledFeatures ? [.. exporter.Lost, "Episodes without features of actions come back with zeros."] : exporter.Lost;
            }

            if (format == ExportFormat.MinariHdf5)
            {
                pending.Commit();
                return lost;
            }

            Durable.FlushTree(pending.FolderPath);
            // The map first: where the data is, the map is.
            foreach (var beside in Directory.EnumerateFiles(pending.FolderPath).Where(f => f != file).Append(file))
                File.Move(beside, Path.Combine(pending.Parent, Path.GetFileName(beside)), overwrite: false);
            Durable.FlushFolder(pending.Parent);
            return lost;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Throw.CannotExport(path, e);
        }
    }

    static IExporter Create(ExportPlan plan, ExportFormat format, string folder, string file) => format switch
    {
        ExportFormat.Csv => new TextExporter(plan, file, json: false),
        ExportFormat.Jsonl => new TextExporter(plan, file, json: true),
        ExportFormat.Npz => new FlatExporter(plan, new NpzSink(file, folder)),
        ExportFormat.D4rlHdf5 => new FlatExporter(plan, new Hdf5Sink(file)),
        _ => new MinariExporter(plan, folder),
    };
}

/// <summary>Writes the episodes of a dataset in one format.</summary>
interface IExporter : IDisposable
{
    /// <summary>What the format does not hold of the dataset.</summary>
    IReadOnlyList<string> Lost { get; }

    void Write(EpisodeRecord record, in EpisodeColumns columns);

    void Finish();
}
