using System.Diagnostics;
using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Tests.Kills;

/// <summary>What a process of the tool does when it is killed.</summary>
enum KilledWork
{
    Import,
    Record,
    Compact,
    Log,
}

/// <summary>What one kill left, and what came of it.</summary>
/// <param name="Work">The command.</param>
/// <param name="Milliseconds">Its age when it was killed.</param>
/// <param name="Found">The state at that moment: the old one, the new one.</param>
/// <param name="Leftovers">Hidden folders of killed writers.</param>
/// <param name="Fault">What should not be; null: nothing.</param>
sealed record KillResult(KilledWork Work, int Milliseconds, string Found, int Leftovers, string? Fault);

/// <summary>
/// Starts commands of the tool, kills them with SIGKILL at an instant, and looks at what is there: every dataset that is visible must hold,
/// the same command must work afterwards, and nothing that was there may be gone or come twice.
/// </summary>
sealed class KillTrials(string tool, string root, int rows)
{
    const int EpisodeSteps = 50;

    readonly Workspace _workspace = Workspace.Open(root);
    readonly Dictionary<KilledWork, TimeSpan> _durations = [];

    string Csv => Path.Combine(root, "rows.csv");

    string Lines => Path.Combine(root, "lines.jsonl");

    string Log => Path.Combine(root, "log");

    /// <summary>Writes what the commands read, and runs each once, so that there is an old state.</summary>
    public void Prepare(params IReadOnlyList<KilledWork> works)
    {
        using (var csv = new StreamWriter(Csv))
        {
            csv.WriteLine("episode,x,y,a,r,end");
            for (var row = 0; row < rows; row++)
                csv.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row / EpisodeSteps},{row % 17},{row * 0.25},{row % 2},{row % 3},{((row + 1) % EpisodeSteps == 0 ? 1 : 0)}"));
        }

        WriteLines();
        foreach (var work in works)
        {
            Arrange(work);
            var (code, error) = Whole(work);
            if (code != 0)
                throw new InvalidOperationException($"{work} ended with {code}: {error}");
        }
    }

    /// <summary>How long the command took when it was last killed by nobody: on a busy machine that changes.</summary>
    public TimeSpan DurationOf(KilledWork work) => _durations[work];

    /// <summary>One kill.</summary>
    public KillResult Kill(KilledWork work, TimeSpan after)
    {
        Arrange(work);
        var before = Versions(work);
        var segments = work == KilledWork.Log ? LoggedSteps() : 0;
        var (acknowledged, error) = KillAt(Start(work), after);
        var leftovers = Leftovers();
        var isNew = Versions(work) > before;
        var found = isNew ? "new state" : leftovers.Count > 0 ? "old state, a hidden folder" : "old state";
        // A folder of a killed writer is swept by its age.
        foreach (var folder in leftovers)
            Age(folder);
        var fault = CheckAll(work) ?? (work == KilledWork.Log ? CheckLog(segments, acknowledged, out found) : Rerun(work, before, isNew));
        return new KillResult(work, (int)after.TotalMilliseconds, found, leftovers.Count, fault is null ? null : $"{fault} {error}".Trim());
    }

    string? Rerun(KilledWork work, int before, bool isNew)
    {
        var (code, error) = Whole(work);
        if (code != 0)
            return $"the rerun ended with {code}: {error}";
        // Compacting again after all was compacted has nothing to do, and must not do it twice.
        var expected = before + (work == KilledWork.Compact ? 1 : isNew ? 2 : 1);
        if (Versions(work) != expected)
            return $"after the rerun there are {Versions(work)} versions, expected {expected}";
        if (Leftovers() is { Count: > 0 } left)
            return $"the rerun did not sweep {string.Join(", ", left.Select(Path.GetFileName))}";
        return CheckAll(work) ?? (work == KilledWork.Compact ? CheckCompacted() : null);
    }

    // Before each compaction there is one more segment; before the others nothing.
    void Arrange(KilledWork work)
    {
        if (work != KilledWork.Compact)
            return;
        using var logger = TrajectoryLogger.Open(Log + "-compact", Description);
        for (var e = 0; e < rows / EpisodeSteps / 4; e++)
        {
            var episode = logger.Begin();
            for (var t = 0; t < EpisodeSteps; t++)
                episode.Append([e, t], t % 2, t);
            episode.End(true, finalObservation: [e, EpisodeSteps]);
        }
    }

    static DatasetDescription Description => new()
    {
        ObservationSpace = BoxSpace.Unbounded(2),
        ActionSpace = new DiscreteSpace(2),
        PropensitySource = PropensitySource.Logged,
        PropensityKind = PropensityKind.Probability,
    };

    void WriteLines()
    {
        using var lines = new StreamWriter(Lines);
        for (var row = 0; row < rows; row++)
        {
            var (episode, step) = (row / EpisodeSteps, row % EpisodeSteps);
            lines.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"episode": "e{{episode}}", "step": {{step}}, "observation": [{{episode}}, {{step}}], "action": {{row % 2}}, "reward": {{step}}}"""));
        }
    }

    Process Start(KilledWork work)
    {
        string[] arguments = work switch
        {
            KilledWork.Import => ["ingest", "import", "--name", "import", "--source", Csv, "--set", "episode_id=[episode]", "--set", "observation=[x,y]", "--set", "action=[a]", "--set", "reward=r", "--set", "done=end"],
            KilledWork.Record => ["ingest", "record", "--name", "record", "--steps", rows.ToString(CultureInfo.InvariantCulture)],
            KilledWork.Compact => ["ingest", "compact", "--log", Log + "-compact", "--name", "compact"],
            _ => ["ingest", "log", "--log", Log, "--observations", "2", "--actions", "2", "--acknowledge"],
        };
        // The shell feeds the log's lines; exec, so that the kill meets the tool itself.
        var start = work == KilledWork.Log
            ? new ProcessStartInfo("/bin/bash", ["-c", "exec \"$0\" \"$@\" < \"$LINES\"", tool, .. arguments])
            : new ProcessStartInfo(tool, arguments);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.WorkingDirectory = root;
        start.Environment["LINES"] = Lines;
        start.Environment.Remove(Workspace.RootVariable);
        return Process.Start(start)!;
    }

    (int Code, string Error) Whole(KilledWork work)
    {
        var watch = Stopwatch.StartNew();
        var ended = Finish(Start(work));
        _durations[work] = watch.Elapsed;
        return ended;
    }

    static (int Code, string Error) Finish(Process process)
    {
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, error + output.GetAwaiter().GetResult());
        }
    }

    /// <returns>The last number of lines that the log said were on the disk, and what stood on standard error.</returns>
    static (long Acknowledged, string Error) KillAt(Process process, TimeSpan after)
    {
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(after))
                process.Kill();
            process.WaitForExit();
            var last = output.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault();
            return (long.TryParse(last, CultureInfo.InvariantCulture, out var lines) ? lines : 0, error.GetAwaiter().GetResult());
        }
    }

    int Versions(KilledWork work) => DatasetName.Versions(_workspace.DataFolder, NameOf(work)).Count;

    static string NameOf(KilledWork work) => work switch { KilledWork.Import => "import", KilledWork.Record => "record", KilledWork.Compact => "compact", _ => "log" };

    // Beside the datasets, and where sorts spill.
    List<string> Leftovers() => [.. new[] { _workspace.DataFolder, _workspace.CacheFolder }.Where(Directory.Exists)
        .SelectMany(f => Directory.EnumerateDirectories(f, ".*", new EnumerationOptions { AttributesToSkip = FileAttributes.None }))];

    static void Age(string folder)
    {
        var old = DateTime.UnixEpoch.AddYears(50);
        foreach (var entry in Directory.EnumerateFileSystemEntries(folder, "*", new EnumerationOptions { AttributesToSkip = FileAttributes.None, RecurseSubdirectories = true }))
            File.SetLastWriteTimeUtc(entry, old);
        Directory.SetLastWriteTimeUtc(folder, old);
    }

    // Of the versions, the newest two: those before were checked after the kills before.
    string? CheckAll(KilledWork work)
    {
        foreach (var version in DatasetName.Versions(_workspace.DataFolder, NameOf(work)).TakeLast(2))
        {
            try
            {
                if (Dataset.Open(_workspace, $"{NameOf(work)}-v{version}").Findings(NullProgress.Instance) is { Count: > 0 } findings)
                    return $"{NameOf(work)}-v{version}: {findings[0]}";
            }
            catch (UserErrorException e)
            {
                return e.Message;
            }
        }

        return null;
    }

    // Every episode that the logger took is in the newest version, once.
    string? CheckCompacted()
    {
        var expected = LogFolder.Segments(Log + "-compact").Count * (rows / EpisodeSteps / 4);
        var episodes = Dataset.Open(_workspace, "compact").Episodes;
        var distinct = episodes.Select(e => e.EpisodeKey).Distinct().Count();
        return episodes.Count == expected && distinct == expected && episodes.All(e => e.Steps == EpisodeSteps)
            ? null
            : $"the dataset has {episodes.Count} episodes, {distinct} different ones; {expected} were logged";
    }

    string? CheckLog(long before, long acknowledged, out string found)
    {
        LogFolder.Recover(Log);
        var steps = LoggedSteps() - before;
        found = steps == 0 ? "old state" : steps == rows ? "new state" : "a prefix";
        if (steps < acknowledged)
            return $"{steps} steps are in the log, and {acknowledged} lines were said to be on the disk";
        if (LogFolder.Segments(Log) is not { Count: > 0 } segments)
            return null;
        // Of each session, the steps are the first lines, none twice.
        var wrong = Number($"SELECT count(*) FROM (SELECT session, episode, max(step) - count(*) + 1 AS off FROM read_parquet({DuckDbSql.Text(segments[^1].Path)}) WHERE event = 1 GROUP BY ALL) WHERE off <> 0");
        return wrong == 0 ? null : $"{wrong} episodes have gaps or steps twice";
    }

    long LoggedSteps() => LogFolder.Segments(Log) is { Count: > 0 } segments
        ? Number($"SELECT count(*) FROM read_parquet({DuckDbSql.Texts(segments.Select(s => s.Path))}) WHERE event = 1")
        : 0;

    static long Number(string sql)
    {
        using var database = DuckDbDatabase.OpenInMemory();
        using var connection = database.Connect();
        using var result = connection.Query(sql);
        using var chunk = result.Next()!;
        return chunk[0].Values<long>()[0];
    }
}
