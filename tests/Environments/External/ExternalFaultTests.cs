using System.Diagnostics;
using OfflineRL.Datasets;

namespace OfflineRL.Tests.Environments;

public sealed class ExternalFaultTests
{
    [Theory]
    [InlineData("start-hang", "did not answer HELLO within 0.7 s and was ended. If it only needs longer, raise start_timeout.")]
    [InlineData("start-exit", "ended with exit code 3", "Run the command by itself", "Its last words:\n  config file not found")]
    [InlineData("start-print", "wrote something on its standard output that is no frame: \"Loading the simulator ...", "print to standard error instead")]
    [InlineData("start-error", "the server said: no licence for the simulator; buy one.")]
    [InlineData("start-deaf", "the server said: I need Python 4.")]
    [InlineData("start-version", "speaks version 2 of the protocol; this tool speaks 1")]
    [InlineData("start-version-error", "speaks version 2 of the protocol; this tool speaks 1. It said: I speak version 2.")]
    [InlineData("start-json", "sent a READY that is not as the protocol wants it", "nonsense")]
    [InlineData("start-spaces", "observation_space has 1 lower and 1 upper bounds; expected 3")]
    [InlineData("start-huge", "announced READY with 4294967295 bytes; expected 2 to 16777216")]
    [InlineData("start-parameter", "made the environment with scale=5 where 2 was asked for")]
    [InlineData("start-words", "did not answer HELLO within 1.5 s", "all work and no play")]
    public void AServerThatFailsAtItsStart_IsOneMessageAndNothingLeft(string mode, params string[] parts)
    {
        using var child = new ExternalChild();
        var watch = Stopwatch.StartNew();
        // Node needs a while to get to its fault, but nobody waits for a hang that long.
        var timeout = mode switch { "start-hang" => 0.7, "start-words" => 1.5, _ => 60 };
        var error = Assert.Throws<UserErrorException>(() => child.Start(["node", ExternalChild.Script, mode], "count", 1, new Dictionary<string, double> { ["scale"] = 2 }, start: timeout));
        Assert.StartsWith("Environment 'external:count?scale=2': the server ", error.Message, StringComparison.Ordinal);
        Assert.Contains($"Command: node {ExternalChild.Script} {mode}.", error.Message, StringComparison.Ordinal);
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.True(error.Message.Length < 6000, "the last words are cut");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"it took {watch.Elapsed}");
        Assert.Empty(child.Living);
    }

    [Theory]
    [InlineData("hang", "did not answer STEP within 0.5 s and was ended. If it only needs longer, raise call_timeout.")]
    [InlineData("exit", "ended with exit code 7 instead of answering STEP", "Its last words:\n  about to fail\n  segment 7 is missing")]
    [InlineData("kill", "was killed by signal 9 (SIGKILL) instead of answering STEP", "where memory ran out")]
    [InlineData("error", "the server said: the road is blocked.")]
    [InlineData("error-words", "the server said: the road is blocked.", "Traceback: the road is blocked")]
    [InlineData("nothing", "closed its standard output without ending and was ended instead of answering STEP")]
    [InlineData("print", "no frame: \"step done.\"")]
    [InlineData("type", "answered STEP with STARTED; expected STEPPED")]
    [InlineData("unknown", "answered STEP with a frame of the unknown type 77; expected STEPPED")]
    [InlineData("version", "speaks version 9 of the protocol")]
    [InlineData("short", "announced STEPPED with 41 bytes; expected 42 to 58")]
    [InlineData("long", "sent STEPPED with 0 final observations and 43 bytes; expected 42 bytes for those")]
    [InlineData("twice", "sent STEPPED that nothing asked for. A server writes one frame for each that it reads, and nothing else.")]
    [InlineData("flood", "sent STEPPED that nothing asked for. A server writes one frame for each that it reads, and nothing else.")]
    [InlineData("late-error", "the server said: the licence has expired.")]
    [InlineData("half", "did not finish its answer to STEP within 0.5 s")]
    [InlineData("half-exit", "ended with exit code 0 in the middle of its answer to STEP")]
    [InlineData("drip", "did not finish its answer to STEP within 0.5 s")]
    [InlineData("nan-reward", "sent the reward NaN in instance 0; expected a finite number")]
    [InlineData("nan-observation", "sent an observation of NaN in row 0, number 0; expected a finite number")]
    [InlineData("infinite-observation", "sent an observation of -Infinity in row 0, number 1")]
    [InlineData("index-observation", "sent an observation of 12.5 in row 0, number 0; expected a whole number from 0 to 999")]
    [InlineData("ended-flag", "sent ended=3 in instance 0; expected 0, 1 or 2")]
    [InlineData("ended-count", "sent 1 final observations for 0 episodes that ended")]
    [InlineData("ended-many", "sent STEPPED with 4000000000 final observations")]
    [InlineData("mask-flag", "sent 2 in an action mask; expected 0 or 1")]
    [InlineData("mask-none", "sent an action mask that allows no action, in row 1")]
    public void AServerThatFailsInAStep_IsOneMessageAndNothingLeft(string mode, params string[] parts)
    {
        var kind = mode.StartsWith("mask", StringComparison.Ordinal) ? "masked" : mode.StartsWith("index", StringComparison.Ordinal) ? "discrete" : "count";
        using var child = new ExternalChild();
        child.Start(["node", ExternalChild.Script, mode], kind, 2, call: mode is "hang" or "half" or "drip" ? 0.5 : 60);
        child.Reset(3, 4);
        // What comes too much may come a moment later.
        var error = Assert.Throws<UserErrorException>(() =>
        {
            for (var t = 0; t < (mode is "twice" or "flood" or "late-error" ? 20 : 1); t++, Thread.Sleep(10))
                child.Step(0, 1);
        });
        Assert.StartsWith($"Environment 'external:{kind}': the server ", error.Message, StringComparison.Ordinal);
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.Contains($"Command: node {ExternalChild.Script} {mode}.", error.Message, StringComparison.Ordinal);
        Assert.Empty(child.Living);
        // It does not come back, and says the same again.
        Assert.Equal(error.Message, Assert.Throws<UserErrorException>(() => child.Reset(3, 4)).Message);
    }

    [Fact]
    public void AServerThatNeverStopsTalking_IsStillHeardAndKeepsItsPace()
    {
        using var child = ExternalChild.StartNode("words", count: 2);
        child.Reset(3, 4);
        for (var t = 1; t <= 3; t++)
        {
            child.Step(0, 1);
            Assert.Equal([t / 10.0, 1 + (t / 10.0)], child.Rewards);
        }
    }

    [Fact]
    public void AServerThatDoesNotEndOnClose_IsEnded()
    {
        var child = ExternalChild.StartNode("deaf-close");
        child.Reset(1);
        Assert.Single(child.Living);
        child.Dispose();
    }

    [Fact]
    public void WhatAServerStarted_EndsWithItsEnvironment()
    {
        var child = ExternalChild.StartNode("good", "orphans");
        child.Reset(1);
        Assert.Equal(2, child.Living.Count);
        child.Dispose();
    }

    // Its parent is gone when it is looked for, and it leads a session of its own.
    [Fact]
    public void WhatADeadServerLeftBehind_IsEnded()
    {
        using var child = ExternalChild.StartNode("orphan");
        child.Reset(1);
        Assert.Contains("exit code 5", Assert.Throws<UserErrorException>(() => child.Step(0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEnvironmentThatNobodyDisposes_EndsWithTheCollector()
    {
        using var child = new ExternalChild();
        Lose(child);
        for (var i = 0; i < 100 && child.Living.Count > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(10);
        }

        Assert.Empty(child.Living);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Lose(ExternalChild child)
        {
            child.Start(["node", ExternalChild.Script, "good"], "count", 1).Reset(1);
            Assert.Single(child.Living);
            child.Forget();
        }
    }

    [Fact]
    public void AProgramThatIsNotThere_IsOneMessageEach()
    {
        using var child = new ExternalChild();
        Assert.Contains("the program 'no-such-program' was not found in PATH. Install it", Message(["no-such-program", "x y"]), StringComparison.Ordinal);
        Assert.Contains("Command: no-such-program 'x y'.", Message(["no-such-program", "x y"]), StringComparison.Ordinal);
        Assert.Contains("the program './nothing' was not found. Install it", Message(["./nothing"]), StringComparison.Ordinal);
        Assert.Contains("cannot be started (", Message([ExternalChild.Script]), StringComparison.Ordinal);
        Assert.Contains("a batch of 65537 instances", Assert.Throws<UserErrorException>(() => child.Start(["node"], "count", 65537)).Message, StringComparison.Ordinal);

        string Message(string[] words) => Assert.Throws<UserErrorException>(() => child.Start(words, "count", 1)).Message;
    }

    // The shell would have expanded them.
    [Fact]
    public void Arguments_ReachTheProgramAsTheyAre()
    {
        using var child = new ExternalChild();
        var error = Assert.Throws<UserErrorException>(() => child.Start(["node", "-e", "console.error(JSON.stringify(process.argv.slice(1))); process.exit(1)", "--", "$HOME;*", "a b", "\"'"], "count", 1));
        Assert.Contains("""["$HOME;*","a b","\"'"]""", error.Message, StringComparison.Ordinal);
    }
}
