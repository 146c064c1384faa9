using System.Diagnostics;
using OfflineRL.Datasets;
using OfflineRL.Tests.Cli;
using OfflineRL.Tests.Datasets;
using OfflineRL.Tests.Datasets.Logging;

namespace OfflineRL.Tests.Kills;

/// <summary>A disk of a few megabytes that fills up, and gets room again.</summary>
public sealed class FullDiskTests : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("offlinerl-full-").FullName;
    bool _mounted;

    public void Dispose()
    {
        if (_mounted)
            Shell("umount", "-l", _root);
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void Import_OnAFullDisk_LeavesNothing_AndWorksWithRoom()
    {
        Mount("3m");
        var csv = Path.Combine(Path.GetTempPath(), Path.GetFileName(_root) + ".csv");
        try
        {
            var random = RandomStream.Create(1, "full");
            File.WriteAllLines(csv, Enumerable.Range(0, 200_000).Select(i => FormattableString.Invariant($"{i / 100},{random.NextDouble()},{random.NextDouble()},{i % 2},{random.NextDouble()},{(i % 100 == 99 ? 1 : 0)}")).Prepend("e,x,y,a,r,d"));
            string[] import = ["ingest", "import", "--name", "full", "--source", csv, "--set", "episode_id=[e]", "--set", "observation=[x,y]", "--set", "action=[a]", "--set", "reward=r", "--set", "done=d"];
            var failed = Tool.Run(_root, import).Expect(2);
            Assert.Matches("(?i)no space left|disk|write", failed.Error);
            Assert.DoesNotContain("   at ", failed.Error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(Path.Combine(_root, "data")) && Directory.EnumerateFileSystemEntries(Path.Combine(_root, "data"), "*", new EnumerationOptions { AttributesToSkip = FileAttributes.None }).Any(), failed.All);
            Shell("mount", "-o", "remount,size=200m", _root);
            Tool.Run(_root, import).Expect(0);
            Tool.Run(_root, "datasets", "check", "full").Expect(0);
        }
        finally
        {
            File.Delete(csv);
        }
    }

    [Fact]
    public void Logger_OnAFullDisk_KeepsWhatItTook_AndWritesItWithRoom()
    {
        Mount("1m");
        var log = Path.Combine(_root, "log");
        long taken = 0;
        using (var logger = TrajectoryLogger.Open(log, LogSamples.Discrete, new LoggerOptions { BackPressure = BackPressure.Refuse, BufferBytes = 2 << 20, FlushInterval = TimeSpan.FromMilliseconds(20) }))
        {
            var episode = logger.Begin();
            var watch = Stopwatch.StartNew();
            // A writer that is only slow refuses too: until the disk is full.
            while (logger.Refused == 0 || logger.Fault is null)
            {
                Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), "the disk did not fill up");
                taken += LogSamples.Append(episode, 1, (int)taken) ? 1 : 0;
            }

            Assert.Contains("No space", logger.Fault!.Message, StringComparison.OrdinalIgnoreCase);
            Shell("mount", "-o", "remount,size=200m", _root);
            Assert.True(SpinWait.SpinUntil(() => logger.Fault is null, TimeSpan.FromSeconds(20)));
            logger.Flush();
            Assert.True(LogSamples.Append(episode, 1, 0));
            taken++;
        }

        Assert.Equal($"{taken}", LogSamples.Query($"SELECT count(*) FROM {LogSamples.From(log)} WHERE event = 1"));
    }

    [Fact]
    public void TwoWriters_OfOneNameAtOnce_GetTwoVersions_OfOneVersion_GiveItToOne()
    {
        using var workspace = new TestWorkspace();
        SampleEpisodes.Make(workspace.Workspace, "source", 500);
        var results = Both("both");
        Assert.Equal([0, 0], results.Select(r => r.ExitCode));
        Assert.Equal(["both-v1", "both-v2"], results.Select(r => r.Output.Split('\n')[0]).Order());
        results = Both("one-v3");
        Assert.Equal([0, 2], results.Select(r => r.ExitCode).Order());
        Assert.Contains("'one-v3' exists already", results.Single(r => r.ExitCode == 2).Error, StringComparison.Ordinal);
        Assert.Equal(["both-v1", "both-v2", "one-v3", "source-v1"], workspace.DataEntries());
        Tool.Run(workspace.Root, "datasets", "check", "both-v1", "both-v2", "one-v3").Expect(0);

        ToolResult[] Both(string name)
        {
            var runs = Enumerable.Range(0, 2).Select(_ => Task.Run(() => Tool.Run(workspace.Root, "datasets", "split", "source", "--name", name))).ToArray();
            Task.WaitAll(runs);
            return [.. runs.Select(r => r.Result)];
        }
    }

    void Mount(string size)
    {
        var (code, error) = Shell("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", _root);
        Assert.SkipWhen(code != 0, $"a small disk cannot be mounted here: {error.Trim()}");
        _mounted = true;
    }

    static (int Code, string Error) Shell(params string[] words)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(words[0], words[1..]) { RedirectStandardError = true })!;
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, error);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, e.Message);
        }
    }
}
