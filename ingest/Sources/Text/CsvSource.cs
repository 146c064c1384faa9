using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Text with a header and separated fields, packed or not. Every field is read as text, so that nothing is guessed but the delimiter.</summary>
sealed class CsvSource(SourceFormat format) : ISourceReader
{
    public SourceFormat Format => format;

    public bool Recognizes(SourceProbe probe) =>
        format == SourceFormat.Csv && (probe.Text.IsEmpty ? probe.Path.Contains(".csv", StringComparison.OrdinalIgnoreCase) || probe.Path.Contains(".tsv", StringComparison.OrdinalIgnoreCase) : CsvHeader.MayBeText(probe.Text.Span));

    public SourceTable Open(SourceRequest request)
    {
        var files = request.Paths;
        char? delimiter = request.Config.Delimiter.Length > 0 ? request.Config.Delimiter[0] : format == SourceFormat.Tsv ? '\t' : null;
        var header = CsvHeader.Read(files[0], delimiter);
        var mixed = header.MixedLineEnds;
        foreach (var file in files.Skip(1))
        {
            var other = CsvHeader.Read(file, delimiter);
            if (!other.Names.SequenceEqual(header.Names) || other.Delimiter != header.Delimiter)
                throw Throw.HeadersDiffer(files[0], header.Names, file, other.Names);
            mixed |= other.MixedLineEnds;
        }

        var skipped = new Dictionary<int, IReadOnlyList<long>>();
        var paths = files.ToList();
        if (mixed || request.Config.OnError != ErrorRule.Stop)
            Screen(request, header, paths, skipped);
        var compression = Stage(request, paths);
        var table = new SourceTable(files, From(new HashSet<string>()), header.Names.Select(n => new SourceColumn(n, "VARCHAR")).ToList()) { Skipped = skipped, FromNumbers = From };
        return OwnColumns.WithoutEmpty(request.Connection, table);

        string From(IReadOnlySet<string> numbers)
        {
            var columns = string.Join(", ", header.Names.Select(n => $"{DuckDbSql.Text(n)}: '{(numbers.Contains(n) ? "DOUBLE" : "VARCHAR")}'"));
            return $"read_csv({DuckDbSql.Texts(paths)}, auto_detect=false, header=true, compression={DuckDbSql.Text(compression)}, delim={DuckDbSql.Text(header.Delimiter.ToString())}, quote='\"', escape='\"', nullstr='', hive_partitioning=false, columns={{{columns}}})";
        }
    }

    public ImportConfig Fill(ImportConfig config, SourceTable table) => ConfigColumns.FillOwnNames(ConfigColumns.Expand(config, table), table);

    // Files with broken records are read from a copy without them.
    static void Screen(SourceRequest request, CsvHeader header, List<string> paths, Dictionary<int, IReadOnlyList<long>> skipped)
    {
        var screen = new CsvScreen((byte)header.Delimiter, header.Names.Count);
        for (var i = 0; i < paths.Count; i++)
        {
            request.Cancellation.ThrowIfCancellationRequested();
            var path = paths[i];
            var rows = new List<long>();
            var clean = SourceText.Guard(path, () => screen.Run(path, null, (row, reason) =>
            {
                if (request.Config.OnError == ErrorRule.Stop)
                    throw Throw.BrokenRecord(path, row, reason);
                rows.Add(row);
                request.Rejects.Add(new RejectedRow(path, row, null, reason));
            }));
            if (clean)
                continue;
            Directory.CreateDirectory(request.StagingFolder);
            var copy = Path.Combine(request.StagingFolder, $"clean-{i}.csv");
            SourceText.Guard(path, () => screen.Run(path, copy, (_, _) => { }));
            (paths[i], skipped[i]) = (copy, rows);
            request.Progress.Report("screening files", i + 1, paths.Count);
        }
    }

    /// <summary>Makes every path one that DuckDB opens; returns the compression that all of them have.</summary>
    internal static string Stage(SourceRequest request, List<string> paths)
    {
        var packings = paths.Select(SourceText.PackingOf).ToList();
        var common = packings.Distinct().Count() == 1 && packings[0] != Packing.Zip ? packings[0] : Packing.None;
        // DuckDB takes a packed file that was cut short for one that ends there.
        for (var i = 0; i < paths.Count; i++)
        {
            request.Cancellation.ThrowIfCancellationRequested();
            if (packings[i] == common && common != Packing.None)
                SourceText.Verify(paths[i]);
            paths[i] = SourceText.ForDuckDb(paths[i], request, unpack: packings[i] != common);
        }

        return common switch { Packing.Gzip => "gzip", Packing.Zstd => "zstd", _ => "none" };
    }
}
