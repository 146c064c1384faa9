using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets.Logging;

public sealed class TrajectoryLoggerTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("offlinerl-log-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Segment_ReadByDuckDb_HoldsWhatWasLogged()
    {
        using (var logger = TrajectoryLogger.Open(_folder, LogSamples.Discrete, LogSamples.Patient, new FixedTime()))
        {
            LogSamples.Episode(logger, 7, 3);
            var open = logger.Begin();
            Assert.True(open.Append([1, 2, 3, 4], 2, 0.5));
            Assert.Equal(4, logger.Appended);
        }

        Assert.Equal(["segment-00000001.parquet"], LogFolder.Segments(_folder).Select(s => Path.GetFileName(s.Path)));
        var from = LogSamples.From(_folder);
        Assert.Equal("[1, 0, 0, [], NULL, NULL, [], e7, odd, user2, NULL]", Row(from, "episode = 1 AND event = 0"));
        Assert.Equal("[1, 1, 2, [7.0, 2.0, 7.5, -2.0], 2, 7.5, [true, true, true], NULL, NULL, NULL, NULL]", Row(from, "episode = 1 AND step = 2"));
        Assert.Equal("[1, 2, 3, [7.0, 3.0, 0.0, 0.0], NULL, NULL, [], NULL, NULL, NULL, false]", Row(from, "episode = 1 AND event = 2"));
        Assert.Equal("[2, 1, 0, [1.0, 2.0, 3.0, 4.0], 2, 0.5, [], NULL, NULL, NULL, NULL]", Row(from, "episode = 2 AND event = 1"));
        Assert.Equal("3", LogSamples.Query($"SELECT count(*) FROM {from} WHERE behavior_probs = [1/3::DOUBLE, 1/3::DOUBLE, 1/3::DOUBLE] AND abs(exp(behavior_log_prob) - 1/3) < 1e-12"));
        Assert.Equal("TIMESTAMP WITH TIME ZONE", LogSamples.Query($"SELECT any_value(typeof(\"timestamp\")) FROM {from}"));
        Assert.Equal("1700000000000000", LogSamples.Query($"SELECT min(epoch_us(\"timestamp\")) FROM {from}"));
    }

    [Fact]
    public void ContinuousActions_AndImages_AreStored()
    {
        var pixels = new BoxSpace([2, 3], [0, 0, 0, 0, 0, 0], [255, 255, 255, 255, 255, 255], ElementType.UInt8);
        using (var logger = TrajectoryLogger.Open(_folder, new DatasetDescription { ObservationSpace = pixels, ActionSpace = BoxSpace.Unbounded(2), PropensitySource = PropensitySource.Logged, PropensityKind = PropensityKind.Density }))
        {
            var episode = logger.Begin();
            for (var step = 0; step < 100; step++)
                Assert.True(episode.Append(new LoggedStep { ObservationBytes = [1, 2, 3, 4, 5, (byte)step], ContinuousAction = [step, -0.5f], Reward = step, LogProbability = 1.5 }));
            Assert.True(episode.End(true, finalObservationBytes: [9, 9, 9, 9, 9, 9]));
        }

        var from = LogSamples.From(_folder);
        Assert.Equal("010203040563", LogSamples.Query($"SELECT lower(hex(observation)) FROM {from} WHERE event = 1 AND step = 99"));
        Assert.Equal("[99.0, -0.5]", LogSamples.Query($"SELECT action FROM {from} WHERE event = 1 AND step = 99"));
        Assert.Equal("090909090909", LogSamples.Query($"SELECT lower(hex(observation)) FROM {from} WHERE event = 2"));
        Assert.Equal("4950.0", LogSamples.Query($"SELECT sum(reward) FROM {from} WHERE behavior_log_prob = 1.5"));
    }

    [Fact]
    public void ManyThreads_WithInterleavedEpisodesOverSegments_LoseNothing()
    {
        const int threads = 8, episodes = 300;
        var options = new LoggerOptions { FlushInterval = TimeSpan.FromMilliseconds(20), SegmentBytes = 200_000, BufferBytes = 1 << 20 };
        using (var logger = TrajectoryLogger.Open(_folder, LogSamples.Discrete, options))
        {
            var shared = logger.Begin("shared");
            var running = Enumerable.Range(0, threads).Select(t => new Thread(() =>
            {
                for (var e = 0; e < episodes; e++)
                {
                    LogSamples.Episode(logger, (t * episodes) + e, 1 + (e % 40));
                    LogSamples.Append(shared, t, e);
                }
            })).ToList();
            running.ForEach(t => t.Start());
            running.ForEach(t => t.Join());
            Assert.True(shared.End(true));
            Assert.Equal(0, logger.Refused);
        }

        Assert.True(LogFolder.Segments(_folder).Count > 3);
        var from = LogSamples.From(_folder);
        var steps = threads * Enumerable.Range(0, episodes).Sum(e => 1 + (e % 40));
        Assert.Equal($"{steps + (threads * episodes)}", LogSamples.Query($"SELECT count(*) FROM {from} WHERE event = 1"));
        Assert.Equal($"{(threads * episodes) + 1}", LogSamples.Query($"SELECT count(*) FROM {from} WHERE event = 2"));
        // Every episode's steps are 0, 1, 2, ..., and stand in the files in that order.
        Assert.Equal("0", LogSamples.Query($"SELECT count(*) FROM (SELECT step - row_number() OVER (PARTITION BY episode ORDER BY filename, file_row_number) + 1 AS off FROM read_parquet({DuckDbSql.Texts(LogFolder.Segments(_folder).Select(s => s.Path))}, filename = true, file_row_number = true) WHERE event = 1) WHERE off <> 0"));
    }

    [Fact]
    public void StepsById_InAnyOrder_BelongToOneEpisode()
    {
        using (var logger = TrajectoryLogger.Open(_folder, LogSamples.Discrete, LogSamples.Patient))
        {
            foreach (var step in (int[])[1, 0, 2])
                Assert.True(logger.Append("session-9", step, new LoggedStep { Observation = [step, 0, 0, 0], Action = 0, Reward = step }));
            Assert.True(logger.End("session-9", terminated: true));
            Assert.Contains("no open episode 'session-9'", Assert.Throws<UserErrorException>(() => logger.End("session-9", true)).Message, StringComparison.Ordinal);
        }

        Assert.Equal("1", LogSamples.Query($"SELECT count(DISTINCT episode) FROM {LogSamples.From(_folder)}"));
        Assert.Equal("[1, 0, 2]", LogSamples.Query($"SELECT list(step ORDER BY file_row_number) FROM read_parquet({DuckDbSql.Text(LogFolder.Segments(_folder)[0].Path)}, file_row_number = true) WHERE event = 1"));
        Assert.Equal("3", LogSamples.Query($"SELECT any_value(step) FROM {LogSamples.From(_folder)} WHERE event = 2"));
    }

    [Fact]
    public void Flush_ThenCopyOfTheFolder_RecoversEveryStep()
    {
        using var logger = TrajectoryLogger.Open(_folder, LogSamples.Discrete, LogSamples.Patient);
        LogSamples.Episode(logger, 1, 50);
        logger.Flush();
        LogSamples.Episode(logger, 2, 50);
        // What is not flushed is what a kill at this moment would lose.
        using var copy = new CopiedLog(_folder);
        using (var reopened = TrajectoryLogger.Open(copy.Folder, LogSamples.Discrete))
            Assert.Equal([new RecoveredSegment("segment-00000001.parquet", 52, 0)], reopened.Recovered);
        Assert.Equal("50", LogSamples.Query($"SELECT count(*) FROM {LogSamples.From(copy.Folder)} WHERE event = 1"));
    }

    [Fact]
    public void TornTail_AtAnyByte_IsCutAndReported()
    {
        long whole;
        using (var logger = TrajectoryLogger.Open(_folder, LogSamples.Discrete, LogSamples.Patient))
        {
            LogSamples.Episode(logger, 1, 5);
            logger.Flush();
            whole = new FileInfo(Open(_folder)).Length;
            LogSamples.Episode(logger, 2, 5);
            logger.Flush();
            var bytes = File.ReadAllBytes(Open(_folder));
            for (var length = whole - 3; length < bytes.Length; length += 7)
            {
                using var copy = new CopiedLog(_folder);
                File.WriteAllBytes(Open(copy.Folder), bytes[..(int)length]);
                using (var reopened = TrajectoryLogger.Open(copy.Folder, LogSamples.Discrete))
                {
                    var found = Assert.Single(reopened.Recovered);
                    Assert.Equal(length < whole ? (null, 0, length - 4) : ("segment-00000001.parquet", 7L, length - whole), (found.File, found.Rows, found.BytesCut));
                }

                if (length >= whole)
                    Assert.Equal("7", LogSamples.Query($"SELECT count(*) FROM {LogSamples.From(copy.Folder)}"));
            }

            // A byte that changed is no torn tail, and is found all the same.
            using var flipped = new CopiedLog(_folder);
            bytes[(int)whole + 200] ^= 1;
            File.WriteAllBytes(Open(flipped.Folder), bytes);
            using (var reopened = TrajectoryLogger.Open(flipped.Folder, LogSamples.Discrete))
                Assert.Equal(7, Assert.Single(reopened.Recovered).Rows);
        }
    }

    [Fact]
    public void FinishedButNotRenamed_IsRenamedAndNothingIsCut()
    {
        using (var logger = TrajectoryLogger.Open(_folder, LogSamples.Discrete))
            LogSamples.Episode(logger, 1, 5);
        File.Move(LogFolder.Segments(_folder)[0].Path, Path.Combine(_folder, "segment-00000001.open"));
        using var reopened = TrajectoryLogger.Open(_folder, LogSamples.Discrete);
        Assert.Equal([new RecoveredSegment("segment-00000001.parquet", 7, 0)], reopened.Recovered);
    }

    [Fact]
    public void BackPressure_OfAFullBuffer_RefusesAndLeavesAGap()
    {
        // Nothing can be written: the segment's name is taken by a folder.
        Directory.CreateDirectory(Path.Combine(_folder, "segment-00000001.open"));
        var logger = TrajectoryLogger.Open(_folder, LogSamples.Discrete, new LoggerOptions { BackPressure = BackPressure.Refuse, BufferBytes = 65536, FlushInterval = TimeSpan.FromMilliseconds(10) });
        var episode = logger.Begin();
        var taken = 0;
        while (LogSamples.Append(episode, 1, taken) && taken < 1_000_000)
            taken++;
        Assert.InRange(taken, 100, 2000);
        Assert.True(logger.Refused >= 1);
        Assert.True(SpinWait.SpinUntil(() => logger.Fault is not null, TimeSpan.FromSeconds(20)));
        Assert.Contains("annot write", Assert.Throws<UserErrorException>(logger.Flush).Message, StringComparison.Ordinal);
        Directory.Delete(Path.Combine(_folder, "segment-00000001.open"));
        logger.Flush();
        Assert.Null(logger.Fault);
        Assert.True(LogSamples.Append(episode, 1, 3));
        logger.Dispose();
        Assert.Equal($"[{taken + 1}, {taken + logger.Refused}]", LogSamples.Query($"SELECT [count(*), max(step)] FROM {LogSamples.From(_folder)} WHERE event = 1"));
    }

    [Fact]
    public void Blocking_WithoutRoom_GivesUpAfterTheLongestWait()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "segment-00000001.open"));
        var logger = TrajectoryLogger.Open(_folder, LogSamples.Discrete, new LoggerOptions { LongestWait = TimeSpan.FromMilliseconds(200), BufferBytes = 65536, FlushInterval = TimeSpan.FromMilliseconds(10) });
        var episode = logger.Begin();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (LogSamples.Append(episode, 1, 1))
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20));
        Assert.True(watch.Elapsed >= TimeSpan.FromMilliseconds(200));
        Assert.Contains("could not be written", Assert.Throws<UserErrorException>(logger.Dispose).Message, StringComparison.Ordinal);
        // The folder is free again for a logger that can write.
        Directory.Delete(Path.Combine(_folder, "segment-00000001.open"));
        TrajectoryLogger.Open(_folder, LogSamples.Discrete).Dispose();
    }

    [Theory]
    [InlineData("observation has 3 numbers; expected 4", 3, 0, 0.0, -1.0986122886681098)]
    [InlineData("action is 3; expected 0 to 2", 4, 3, 0.0, -1.0986122886681098)]
    [InlineData("reward is NaN; expected a finite number", 4, 0, double.NaN, -1.0986122886681098)]
    [InlineData("behavior_log_prob is 0.5", 4, 0, 0.0, 0.5)]
    [InlineData("behavior_log_prob is NaN", 4, 0, 0.0, double.NaN)]
    [InlineData("behavior_probs holds", 4, 0, 0.0, -0.1)]
    public void BadStep_IsRefusedWithItsPlace(string expected, int width, int action, double reward, double logProbability)
    {
        using var logger = TrajectoryLogger.Open(_folder, LogSamples.Discrete);
        var episode = logger.Begin("a");
        LogSamples.Append(episode, 1, 0);
        var message = Assert.Throws<UserErrorException>(() => episode.Append(new float[width], action, reward, logProbability, [1 / 3.0, 1 / 3.0, 1 / 3.0])).Message;
        Assert.Contains("Episode 'a', step 1: " + expected, message, StringComparison.Ordinal);
        LogSamples.Append(episode, 1, 2);
        logger.Roll();
        Assert.Equal("[0, 2]", LogSamples.Query($"SELECT list(step ORDER BY step) FROM {LogSamples.From(_folder)} WHERE event = 1"));
    }

    [Fact]
    public void EndedEpisode_TakesNothingMore()
    {
        using var logger = TrajectoryLogger.Open(_folder, LogSamples.Discrete);
        var episode = logger.Begin("a");
        LogSamples.Append(episode, 1, 0);
        Assert.Contains("ends neither", Assert.Throws<UserErrorException>(() => episode.End(false)).Message, StringComparison.Ordinal);
        Assert.Contains("final_observation has 1 numbers", Assert.Throws<UserErrorException>(() => episode.End(true, false, [1])).Message, StringComparison.Ordinal);
        Assert.True(episode.End(true));
        Assert.Contains("has ended", Assert.Throws<UserErrorException>(() => LogSamples.Append(episode, 1, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("has ended", Assert.Throws<UserErrorException>(() => episode.End(true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Closed_TakesNothing()
    {
        var logger = TrajectoryLogger.Open(_folder, LogSamples.Discrete);
        var episode = logger.Begin();
        logger.Dispose();
        logger.Dispose();
        Assert.Throws<ObjectDisposedException>(() => LogSamples.Append(episode, 1, 0));
        Assert.Throws<ObjectDisposedException>(() => logger.Begin());
        Assert.Throws<ObjectDisposedException>(logger.Flush);
    }

    [Fact]
    public void SecondWriter_AndOtherDescription_AreRefused()
    {
        using (TrajectoryLogger.Open(_folder, LogSamples.Discrete))
            Assert.Contains("another process", Assert.Throws<UserErrorException>(() => TrajectoryLogger.Open(_folder, LogSamples.Discrete)).Message, StringComparison.Ordinal);
        var message = Assert.Throws<UserErrorException>(() => TrajectoryLogger.Open(_folder, LogSamples.Discrete with { ActionSpace = new DiscreteSpace(4) })).Message;
        Assert.Contains("actions of discrete(3), and is opened with discrete(4)", message, StringComparison.Ordinal);
        Assert.Contains("BufferBytes is 5", Assert.Throws<UserErrorException>(() => TrajectoryLogger.Open(_folder, LogSamples.Discrete, new LoggerOptions { BufferBytes = 5 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Segments_RollByAge_WithoutAnAppend()
    {
        using var logger = TrajectoryLogger.Open(_folder, LogSamples.Discrete, new LoggerOptions { FlushInterval = TimeSpan.FromMilliseconds(20), SegmentAge = TimeSpan.FromMilliseconds(60) });
        LogSamples.Episode(logger, 1, 5);
        Assert.True(SpinWait.SpinUntil(() => LogFolder.Segments(_folder).Count == 1, TimeSpan.FromSeconds(20)));
    }

    static string Open(string folder) => Path.Combine(folder, "segment-00000001.open");

    static string Row(string from, string where) =>
        LogSamples.Query($"SELECT '[' || concat_ws(', ', episode, event, step, observation, coalesce(action::VARCHAR, 'NULL'), coalesce(reward::VARCHAR, 'NULL'), coalesce(action_mask::VARCHAR, 'NULL'), coalesce(id, 'NULL'), coalesce(behavior_policy, 'NULL'), coalesce(split_key, 'NULL'), coalesce(truncated::VARCHAR, 'NULL')) || ']' FROM {from} WHERE {where}");


    sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
    }

    /// <summary>The files of a log as they are at this moment.</summary>
    sealed class CopiedLog : IDisposable
    {
        public CopiedLog(string log)
        {
            foreach (var file in Directory.EnumerateFiles(log).Where(f => Path.GetFileName(f) != "lock"))
                File.Copy(file, Path.Combine(Folder, Path.GetFileName(file)));
        }

        public string Folder { get; } = Directory.CreateTempSubdirectory("offlinerl-log-").FullName;

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }
}
