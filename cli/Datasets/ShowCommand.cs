using System.CommandLine;
using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using static OfflineRL.Cli.Datasets.DatasetText;

namespace OfflineRL.Cli.Datasets;

/// <summary><c>offlinerl datasets show</c>.</summary>
static class ShowCommand
{
    public static Command Create()
    {
        Argument<string> name = new("dataset") { Description = "NAME, NAME-vN, or the path of a dataset's folder" };
        Command command = new("show", """
            Shows what a dataset holds: spaces, counts, returns, propensities, splits, lineage, files.

            Example:
              offlinerl datasets show cartpole
            """)
        {
            name,
        };
        command.SetAction(arguments => Run(Dataset.Open(arguments.Workspace(), arguments.GetValue(name)!)));
        return command;
    }

    static void Run(Dataset dataset)
    {
        DatasetManifest m = dataset.Manifest;
        Facts(dataset, m);
        Returns(dataset.Episodes);
        if (m.Statistics.Observation.Count > 0)
        {
            Section("Observations");
            Spreads(m.Statistics.Observation);
        }

        if (m.Statistics.Action.Count > 0)
        {
            Section("Actions");
            Spreads(m.Statistics.Action);
        }
        else
        {
            Section("Actions");
            Tables.Write(["action", "steps", "share"], m.Statistics.ActionCounts.Select((count, action) => (IReadOnlyList<string>)
                [Count(action), Count(count), (count / (double)m.Counts.Steps).ToString("P1", CultureInfo.InvariantCulture)]), Numbers(0, 1, 2));
        }

        Lineage(m);
        Section("Files");
        Tables.Write(["file", "rows", "bytes", "sha256"], m.Files.Select(f => (IReadOnlyList<string>)[f.Path, Count(f.Rows), Count(f.Bytes), f.Sha256]), Numbers(1, 2));
    }

    static void Facts(Dataset dataset, DatasetManifest m)
    {
        Line("dataset", m.FullName);
        Line("folder", dataset.Folder);
        Line("content", m.ContentHash);
        Line("created", m.Created.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture));
        Line("environment", m.Environment?.ToString() ?? "unknown, or it differs by episode");
        Line("observations", m.ObservationSpace.ToString()!);
        Line("actions", m.ActionSpace.ToString()!);
        Line("propensities", Propensities(m) + (m.HasBehaviorProbabilities ? ", with the whole distribution" : "") + (m.HasActionMask ? ", with action masks" : ""));
        Line("passed through", m.InfoColumns.Count == 0 ? "nothing" : string.Join(", ", m.InfoColumns.Select(c => c.Name)));
        Line("steps", Count(m.Counts.Steps));
        Line("episodes", $"{Count(m.Counts.Episodes)}: {Count(m.Counts.Terminated)} terminated, {Count(m.Counts.Truncated)} truncated");
        Line("rejected rows", m.Counts.Rejected == 0 ? "none" : $"{Count(m.Counts.Rejected)}, see rejects/rejects.csv");
        Line("split", $"seed {m.Split.Seed}: " + string.Join(", ", m.Split.Fractions.Select(f =>
            $"{f.Name} {Number(f.Fraction)} ({Count(m.Counts.EpisodesBySplit.GetValueOrDefault(f.Name))} episodes)")));
    }

    static void Returns(IReadOnlyList<EpisodeRecord> episodes)
    {
        Section("Returns");
        IEnumerable<IReadOnlyList<string>> rows =
        [
            Quantiles("all episodes", episodes),
            .. episodes.GroupBy(e => e.BehaviorPolicy).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => Quantiles("policy " + g.Key, g)),
            .. episodes.GroupBy(e => e.Split).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => Quantiles("split " + g.Key, g)),
        ];
        Tables.Write(["episodes of", "episodes", "steps", "mean", "min", "25 %", "50 %", "75 %", "max"], rows, Numbers(1, 2, 3, 4, 5, 6, 7, 8));
    }

    static string[] Quantiles(string label, IEnumerable<EpisodeRecord> episodes)
    {
        List<EpisodeRecord> all = [.. episodes];
        double[] sorted = [.. all.Select(e => e.Return).Order()];
        return
        [
            label, Count(all.Count), Count(all.Sum(e => (long)e.Steps)), Number(sorted.Average()),
            Number(At(0)), Number(At(0.25)), Number(At(0.5)), Number(At(0.75)), Number(At(1)),
        ];

        // Linear between neighbors, as NumPy's default.
        double At(double q)
        {
            double position = q * (sorted.Length - 1);
            int below = (int)position;
            int above = Math.Min(below + 1, sorted.Length - 1);
            return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
        }
    }

    static void Spreads(IReadOnlyList<Spread> spreads) => Tables.Write(
        ["index", "mean", "std", "min", "max"],
        spreads.Select((s, i) => (IReadOnlyList<string>)[Count(i), Number(s.Mean), Number(s.Std), Number(s.Min), Number(s.Max)]),
        Numbers(0, 1, 2, 3, 4));

    static void Lineage(DatasetManifest m)
    {
        Section("Lineage");
        Line("made by", $"offlinerl {m.Provenance.ToolVersion} {m.Provenance.Command}".TrimEnd());
        foreach (DatasetReference parent in m.Provenance.Parents)
        {
            Line("parent", $"{parent.Name}, {parent.ContentHash}");
        }

        foreach (SourceFile source in m.Provenance.Sources)
        {
            Line("source", $"{source.Path}, {Count(source.Bytes)} bytes, sha256 {source.Sha256}");
        }

        foreach (string note in m.Provenance.Notes)
        {
            Line("note", note);
        }

        if (m.Provenance.Config.Length > 0)
        {
            Line("config", "");
            foreach (string line in m.Provenance.Config.TrimEnd().Split('\n'))
            {
                Console.WriteLine("  " + line);
            }
        }
    }

    static void Section(string title) => Console.WriteLine($"\n{title}");

    static void Line(string label, string text) => Console.WriteLine($"{label + ":",-16}{text}".TrimEnd());

    static HashSet<int> Numbers(params int[] columns) => [.. columns];
}
