using OfflineRL.Datasets;
using OfflineRL.Ingest;
using OfflineRL.Tests.Datasets;
using OfflineRL.Tests.Datasets.Logging;

namespace OfflineRL.Tests.Ingest.Compacting;

public sealed class CompactTests : IDisposable
{
    readonly TestWorkspace _workspace = new();
    readonly string _log;

    public CompactTests() => _log = Path.Combine(_workspace.Root, "log");

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void Compact_OfEndedEpisodes_MakesADatasetThatHolds()
    {
        using (var logger = Open())
        {
            for (var e = 0; e < 20; e++)
                LogSamples.Episode(logger, e, 1 + e);
        }

        var result = Compact();
        Assert.Equal(20, result.Counts.Episodes);
        Assert.Equal(210, result.Manifest!.Counts.Steps);
        var dataset = Dataset.Open(_workspace.Workspace, "shop");
        Assert.Empty(dataset.Findings(NullProgress.Instance));
        var seen = 0;
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            var number = seen++;
            Assert.EndsWith($":1.{number + 1}:e{number}", record.EpisodeKey, StringComparison.Ordinal);
            Assert.Equal((number % 2 == 0 ? "even" : "odd", $"user{number % 5}"), (record.BehaviorPolicy, record.SplitKey));
            Assert.Equal((number % 3 != 0, number % 3 == 0), (record.Terminated, record.Truncated));
            Assert.Equal(1 + number, e.Rewards.Length);
            Assert.Equal([number, number, number + 0.5f, -number], e.Observations[^4..].ToArray());
            Assert.Equal([number, number + 1, 0, 0], e.FinalObservation.ToArray());
            Assert.Equal(number % 3, e.DiscreteActions[^1]);
            Assert.Equal(number + (number / 4.0), e.Rewards[^1]);
            Assert.Equal(Math.Log(1 / 3.0), e.BehaviorLogProbabilities[^1]);
            Assert.Equal(3 * (number + 1), e.BehaviorProbabilities.Length);
            Assert.True(e.ActionMasks[^1]);
            Assert.True(e.TimestampMicros[^1] > 1_600_000_000_000_000);
        });
        Assert.Equal(20, seen);
        Assert.Contains("segment-00000001.parquet", Assert.Single(result.Manifest.Provenance.Sources).Path, StringComparison.Ordinal);
    }

    [Fact]
    public void Compact_AgainAndAgainWhileLogging_TakesNothingTwiceAndLosesNothing()
    {
        using (var logger = Open(new LoggerOptions { FlushInterval = TimeSpan.FromMilliseconds(5), SegmentBytes = 20_000 }))
        {
            using var stop = new CancellationTokenSource();
            var logged = 0;
            var threads = Enumerable.Range(0, 3).Select(_ => new Thread(() =>
            {
                while (!stop.IsCancellationRequested)
                {
                    var number = Interlocked.Increment(ref logged) - 1;
                    LogSamples.Episode(logger, number, 1 + (number % 30));
                    Thread.Sleep(1);
                }
            })).ToList();
            threads.ForEach(t => t.Start());
            var versions = 0;
            for (var round = 0; round < 40 && versions < 4; round++)
            {
                Thread.Sleep(100);
                versions += Compact().Manifest is null ? 0 : 1;
            }

            Assert.Equal(4, versions);
            stop.Cancel();
            threads.ForEach(t => t.Join());
            logger.Roll();
            Compact();
            RequireEpisodes(logged);
            Assert.Null(Compact().Manifest);
        }

        Assert.Null(Compact().Manifest);
    }

    [Fact]
    public void OpenEpisodes_Wait_AndGoOnInLaterSegmentsAndSessions()
    {
        using (var logger = Open())
        {
            LogSamples.Episode(logger, 0, 5);
            var open = logger.Begin("long", "even");
            for (var step = 0; step < 10; step++)
                LogSamples.Append(open, 1, step);
            logger.Roll();
            Assert.Equal((1, 1), Counts(Compact()));
            for (var step = 10; step < 20; step++)
                LogSamples.Append(open, 1, step);
            logger.Roll();
            Assert.Null(Compact().Manifest);
        }

        using (var logger = Open())
        {
            var open = logger.Begin("long", "even", firstStep: 20);
            LogSamples.Append(open, 1, 20);
            open.End(true, finalObservation: [1, 2, 3, 4]);
        }

        Assert.Equal((1, 0), Counts(Compact()));
        var episode = Dataset.Open(_workspace.Workspace, "shop").Episodes[1];
        Assert.Equal((21, true, true), (episode.Steps, episode.Terminated, episode.FinalObservationKnown));
        Assert.Equal(Enumerable.Range(0, 21).Sum(t => 1 + (t / 4.0)), episode.Return, 9);
        Assert.Equal(2, Dataset.Open(_workspace.Workspace, "shop").Manifest.Version);
    }

    [Fact]
    public void CloseOpen_TruncatesWhatNobodyCanAppendTo()
    {
        using (var logger = Open())
            LogSamples.Append(logger.Begin("old"), 1, 0);
        using (var logger = Open())
        {
            var live = logger.Begin("live");
            LogSamples.Append(live, 2, 0);
            logger.Roll();
            var result = Compact(r => r with { CloseOpen = true });
            Assert.Equal((1, 1, 1), (result.Counts.Episodes, result.Counts.Waiting, result.Counts.Closed));
            var old = Assert.Single(Dataset.Open(_workspace.Workspace, "shop").Episodes);
            Assert.Equal((true, false, false), (old.Truncated, old.Terminated, old.FinalObservationKnown));
            live.End(true);
        }

        Assert.Equal((1, 0), Counts(Compact()));
        using (var logger = Open())
            LogSamples.Append(logger.Begin("last"), 1, 0);
        Assert.Null(Compact().Manifest);
        Assert.Equal((1, 0), Counts(Compact(r => r with { CloseOpen = true })));
        RequireKeys(3);
    }

    [Fact]
    public void MissingSteps_CutTheEpisodeThere()
    {
        using (var logger = Open())
        {
            var episode = logger.Begin("a");
            LogSamples.Append(episode, 1, 0);
            Assert.Throws<UserErrorException>(() => episode.Append([0, 0, 0, 0], 9, 0));
            LogSamples.Append(episode, 1, 2);
            LogSamples.Append(episode, 1, 3);
            episode.End(true, finalObservation: [1, 1, 1, 1]);
            var late = logger.Begin("b");
            LogSamples.Append(late, 1, 0);
            Assert.Throws<UserErrorException>(() => late.Append([0, 0, 0, 0], 9, 0));
            late.End(true, finalObservation: [1, 1, 1, 1]);
            logger.Begin("c").End(true);
        }

        var result = Compact();
        Assert.Equal((3, 2, 1), (result.Counts.Episodes, result.Counts.Cut, result.Counts.Empty));
        var found = Dataset.Open(_workspace.Workspace, "shop").Episodes.Select(e => (e.EpisodeKey.Split(':')[^1], e.Steps, e.Terminated, e.Truncated, e.FinalObservationKnown));
        Assert.Equal([("a#0", 1, false, true, false), ("a#1", 2, true, false, true), ("b", 1, false, true, false)], found);
    }

    [Fact]
    public void Validation_OfLoggedSteps_FindsWhatAnImportFinds()
    {
        using (var logger = Open())
        {
            for (var e = 0; e < 30; e++)
                LogSamples.Episode(logger, e, 40);
        }

        var result = Compact();
        var found = Assert.Single(result.Report!.Findings, f => f.Check == "unmarked_time_limit");
        Assert.Equal("20 of 20 terminated episodes have exactly 40 steps, the most of any", found.Sample);
        Assert.EndsWith("segment-00000001.parquet", found.File, StringComparison.Ordinal);
        Assert.Equal(result.Report.Findings, JsonFiles.Read<ValidationReport>(Path.Combine(Dataset.Open(_workspace.Workspace, "shop").Folder, Dataset.ValidationFile)).Findings);
        Assert.Empty(Dataset.Open(_workspace.Workspace, "shop").Findings(NullProgress.Instance));
    }

    [Fact]
    public void DuplicateSteps_AreRejectedWithTheirPlace()
    {
        using (var logger = Open())
        {
            foreach (var step in (int[])[0, 1, 1, 2])
                logger.Append("a", step, new LoggedStep { Observation = [step, 0, 0, 0], Action = 0, Reward = step });
            logger.End("a", true);
        }

        var result = Compact();
        Assert.Equal((1, 3, 1), (result.Counts.Episodes, result.Counts.Steps, result.Counts.RejectedRows));
        var rejects = File.ReadAllText(Path.Combine(Dataset.Open(_workspace.Workspace, "shop").Folder, "rejects", "rejects.csv"));
        Assert.Contains("segment-00000001.parquet,4,step,found step 1 again", rejects, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void KilledBetweenDatasetAndState_TakesNothingTwice(bool committed)
    {
        using (var logger = Open())
        {
            LogSamples.Episode(logger, 0, 5);
            LogSamples.Append(logger.Begin("open"), 1, 0);
        }

        var state = Path.Combine(_log, "compact", "state.json");
        var manifest = Compact().Manifest!;
        var token = manifest.Provenance.Config.Split("compaction: ")[1].Trim();
        // As a kill just before the state was written leaves it: the intent is there, and the dataset is or is not.
        JsonFiles.Write(Path.Combine(_log, "compact", "intent.json"), new { token, data_folder = _workspace.DataFolder, name = "shop", state = CompactState.Read(_log) });
        File.Delete(state);
        if (!committed)
            Directory.Delete(Path.Combine(_workspace.DataFolder, "shop-v1"), recursive: true);
        var again = Compact();
        Assert.Equal(!committed, again.Manifest is not null);
        RequireKeys(1);
        Assert.False(File.Exists(Path.Combine(_log, "compact", "intent.json")));
        Assert.Single(Directory.EnumerateFiles(Path.Combine(_log, "compact"), "carry-*"));
        Assert.Equal(1, CompactState.Read(_log).Through);
    }

    [Fact]
    public void KilledBehindItsCommit_WhatItSpilledIsSweptThoughNothingIsLeftToDo()
    {
        using (var logger = Open())
            LogSamples.Episode(logger, 0, 3);
        Compact();
        var left = Directory.CreateDirectory(Path.Combine(_workspace.Workspace.CacheFolder, ".compact.pending-0123456789abcdef")).FullName;
        Directory.SetLastWriteTimeUtc(left, DateTime.UnixEpoch.AddYears(50));
        var young = Directory.CreateDirectory(Path.Combine(_workspace.Workspace.CacheFolder, ".compact.pending-fedcba9876543210")).FullName;
        Assert.Null(Compact().Manifest);
        Assert.Equal((false, true), (Directory.Exists(left), Directory.Exists(young)));
    }

    [Fact]
    public void DeletedSegments_AreNotNumberedAgain()
    {
        using (var logger = Open())
            LogSamples.Episode(logger, 0, 5);
        Compact(r => r with { DeleteSegments = true });
        Assert.Empty(LogFolder.Segments(_log));
        using (var logger = Open())
            LogSamples.Episode(logger, 1, 5);
        Assert.Equal(2, Assert.Single(LogFolder.Segments(_log)).Number);
        Assert.Equal((1, 0), Counts(Compact()));
        RequireEpisodes(2);
        var only = Compact(r => r with { OnlyNew = true });
        Assert.Null(only.Manifest);
    }

    [Fact]
    public void OnlyNew_LeavesTheVersionBeforeOut()
    {
        using (var logger = Open())
        {
            LogSamples.Episode(logger, 0, 5);
            logger.Roll();
            Compact();
            LogSamples.Episode(logger, 1, 5);
        }

        var manifest = Compact(r => r with { OnlyNew = true }).Manifest!;
        Assert.Equal((2, 1), (manifest.Version, manifest.Counts.Episodes));
        Assert.Empty(manifest.Provenance.Parents);
    }

    [Fact]
    public void BadLogs_AreRefusedWithOneMessage()
    {
        Refused("holds no log");
        using (var logger = Open())
            LogSamples.Episode(logger, 0, 5);
        Refused("names one version", r => r with { Name = "shop-v3" });
        SampleEpisodes.Make(_workspace.Workspace, "other");
        Refused("other spaces", r => r with { Name = "other" });
        var path = LogFolder.Segments(_log)[0].Path;
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..^20]);
        Refused("is a segment damaged?");
        File.WriteAllText(Path.Combine(_log, "log.json"), "{}");
        Refused("log.json");
        Assert.Equal(["other-v1"], _workspace.DataEntries());
    }

    void Refused(string expected, Func<CompactRequest, CompactRequest>? change = null) =>
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => Compact(change)).Message, StringComparison.Ordinal);

    TrajectoryLogger Open(LoggerOptions? options = null) => TrajectoryLogger.Open(_log, LogSamples.Discrete, options ?? LogSamples.Patient);

    CompactResult Compact(Func<CompactRequest, CompactRequest>? change = null)
    {
        var request = new CompactRequest { Log = _log, Name = "shop" };
        return CompactJob.Run(change is null ? request : change(request), _workspace.Workspace, NullProgress.Instance, CancellationToken.None);
    }

    static (long Episodes, long Waiting) Counts(CompactResult result) => (result.Counts.Episodes, result.Counts.Waiting);

    // All of them, once, whole.
    void RequireEpisodes(int count)
    {
        var episodes = Dataset.Open(_workspace.Workspace, "shop").Episodes;
        Assert.Equal(count, episodes.Count);
        var numbers = episodes.Select(e => int.Parse(e.EpisodeKey.Split(":e")[1], System.Globalization.CultureInfo.InvariantCulture)).Order();
        Assert.Equal(Enumerable.Range(0, count), numbers);
    }

    void RequireKeys(int count)
    {
        var keys = Dataset.Open(_workspace.Workspace, "shop").Episodes.Select(e => e.EpisodeKey).ToList();
        Assert.Equal(count, keys.Count);
        Assert.Equal(count, keys.Distinct().Count());
    }
}
