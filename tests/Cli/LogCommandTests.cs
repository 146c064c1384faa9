using System.Diagnostics;
using OfflineRL.Datasets;
using OfflineRL.Tests.Datasets;

namespace OfflineRL.Tests.Cli;

public sealed class LogCommandTests : IDisposable
{
    readonly TestWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void Lines_AreLoggedAndCompacted_BadOnesAreSaid()
    {
        var log = Log(
            """
            {"episode": "a", "observation": [1, 2], "action": 0, "reward": 1, "log_prob": -0.5}
            {"episode": "b", "step": 0, "observation": [3, 4], "action": 2, "reward": 2, "probs": [0.25, 0.25, 0.5], "mask": [true, true, true]}
            {"episode": "a", "observation": [1, 2], "action": 3, "reward": 1}
            {"episode": "a", "observation": [1], "action": 1, "reward": 1}
            {"episode": "a", "observation": [1, 2], "action": 1.5, "reward": 1}
            {"episode": "a", "observation": [1, 2], "reward": 1}
            no JSON
            {"episode": "a", "unknown": 1}
            {"episode": "c", "end": "terminated"}
            {"episode": "b", "end": "terminated", "observation": [5, 6]}
            """, "--observations", "2", "--actions", "3").Expect(1);
        foreach (var expected in (string[])["line 3: Episode 'a', step 1: action is 3", "line 4: Episode 'a', step 2: observation has 1 numbers", "line 5: Episode 'a', step 3: action is -1", "line 6: found no action or no reward", "line 7: ", "line 8: ", "line 9: There is no open episode 'c'", "10 lines, 7 of them refused"])
            Assert.Contains(expected, log.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", log.Error, StringComparison.Ordinal);

        Assert.Matches(@"\n +1 +1 +1 +1 +0 +1 +1\n", Run("ingest", "compact", "--log", "log", "--name", "shop").Expect(0).Output);
        Assert.Contains("Nothing new: 0 finished segments", Run("ingest", "compact", "--log", "log", "--name", "shop").Expect(0).Output, StringComparison.Ordinal);
        Log("", []).Expect(0);
        Assert.Contains("1 episodes were open when nobody could append", Run("ingest", "compact", "--log", "log", "--name", "shop", "--close-open").Expect(0).Output, StringComparison.Ordinal);
        Run("datasets", "check", "shop").Expect(0);
        Assert.Equal([("b", 1, true), ("a", 1, false)], Dataset.Open(_workspace.Workspace, "shop").Episodes.Select(e => (e.EpisodeKey.Split(':')[^1], e.Steps, e.Terminated)));
    }

    [Fact]
    public void ContinuousActions_OfLines_AreLists()
    {
        Log("""
            {"episode": "a", "observation": [1], "action": [0.5, -1], "reward": 1}
            {"episode": "a", "end": "truncated"}
            """, "--observations", "1", "--action-size", "2").Expect(0);
        Assert.Contains("expected a list of numbers", Log("""{"episode": "a", "observation": [1], "action": 1, "reward": 1}""").Expect(1).Error, StringComparison.Ordinal);
        Run("ingest", "compact", "--log", "log", "--name", "shop").Expect(0);
        Assert.Equal(2, Dataset.Open(_workspace.Workspace, "shop").Manifest.ActionSpace.FlatSize);
    }

    [Fact]
    public void NewLog_WithoutSpaces_AndNoLog_End2()
    {
        Assert.Contains("needs --observations", Log("").Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("holds no log", Run("ingest", "compact", "--log", "log", "--name", "shop").Expect(2).Error, StringComparison.Ordinal);
        Assert.Equal([], _workspace.DataEntries());
    }

    ToolResult Run(params string[] arguments) => Tool.Run(_workspace.Root, arguments);

    ToolResult Log(string lines, params string[] options)
    {
        var path = Path.Combine(_workspace.Root, "lines.jsonl");
        File.WriteAllText(path, lines);
        var start = new ProcessStartInfo("/bin/bash", ["-c", "exec \"$0\" \"$@\" < lines.jsonl", Tool.Path, "ingest", "log", "--log", "log", .. options])
        {
            WorkingDirectory = _workspace.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new ToolResult(process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
