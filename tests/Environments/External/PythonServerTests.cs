using System.Diagnostics;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>The Python server on the environments of <c>environments.py</c>, by the rules of PROTOCOL.md.</summary>
public sealed class PythonServerTests
{
    const string File = "environments.py:";

    [Fact]
    public void AClassOfAFewLines_SaysItsSpacesParametersAndLimit()
    {
        using var child = ExternalChild.StartPython(File + "Walk");
        Assert.Equal(new BoxSpace([2], [-10, 0], [10, 20]), child.Environment.ObservationSpace);
        Assert.Equal(new DiscreteSpace(3), child.Environment.ActionSpace);
        Assert.Equal(20, child.Environment.MaxEpisodeSteps);
        var description = ExternalEnvironment.Probe(child.Command(ExternalSchemes.Python(PythonWithNumPy.Require()).Words), File + "Walk", "walk", new Dictionary<string, double> { ["noise"] = 0.25 });
        Assert.Equal(new Dictionary<string, double> { ["noise"] = 0.25, ["width"] = 3, ["bounce"] = 0 }, description.Parameters);
        Assert.Equal("A random walk: state and step count; the state leaves [-3, 3] or 20 steps pass.", description.Description);
    }

    [Theory]
    [InlineData("Walk")]
    [InlineData("OldWalk")]
    [InlineData("Masked")]
    public void SameSeed_IsTheSameTrajectory_WhateverTheBatch(string name)
    {
        const int Steps = 60;
        ulong[] seeds = [5, ulong.MaxValue, 0, 5, 1UL << 32];
        using var batch = ExternalChild.StartPython(File + name, 5);
        var together = Trace(batch, seeds, Steps);
        Assert.Contains(together, t => t.Terminated);
        Assert.Contains(together, t => t.Truncated);
        using var single = ExternalChild.StartPython(File + name);
        for (var i = 0; i < seeds.Length; i++)
            Assert.Equal(together.Where(t => t.Instance == i).Select(t => t with { Instance = 0 }), Trace(single, [seeds[i]], Steps));
        // Again in the same batch, and the same seed in two places of it.
        Assert.Equal(together, Trace(batch, seeds, Steps));
        Assert.Equal(together.Where(t => t.Instance == 0).Select(t => t.Observation), together.Where(t => t.Instance == 3).Select(t => t.Observation));
        Assert.NotEqual(together.Where(t => t.Instance == 0).Select(t => t.Observation), together.Where(t => t.Instance == 1).Select(t => t.Observation));
    }

    [Fact]
    public void AnEpisodeThatEnds_KeepsItsLastObservationAndGoesOnFromItsOwnRandomState()
    {
        using var child = ExternalChild.StartPython(File + "Walk");
        child.Reset(1);
        var steps = 0;
        while (!child.Terminated[0] && !child.Truncated[0])
        {
            child.Step(2);
            steps++;
        }

        // Started at most 2 away from the middle, it walks off the edge.
        Assert.True(child.Terminated[0]);
        Assert.Equal(steps, child.FinalRow(0)[1]);
        Assert.True(MathF.Abs(child.FinalRow(0)[0]) > 3);
        Assert.Equal(0, child.Row(0)[1]);
        var second = child.Row(0);
        child.Reset(1);
        Assert.NotEqual(second, child.Row(0));
    }

    [Fact]
    public void TheLimit_OfAClass_IsTruncation()
    {
        using var child = ExternalChild.StartPython(File + "Walk", parameters: new Dictionary<string, double> { ["width"] = 1000 });
        child.Reset(1);
        for (var t = 1; t <= 20; t++)
        {
            Assert.False(child.Truncated[0]);
            child.Step(1);
        }

        Assert.Equal((true, false), (child.Truncated[0], child.Terminated[0]));
    }

    [Fact]
    public void TheOldApi_TellsTruncationByTimeLimit()
    {
        using var child = ExternalChild.StartPython(File + "OldWalk", parameters: new Dictionary<string, double> { ["width"] = 1000 });
        child.Reset(1);
        for (var t = 1; t <= 5; t++)
            child.Step(1);
        Assert.Equal((true, false), (child.Truncated[0], child.Terminated[0]));
        Assert.Equal(5, child.FinalRow(0)[1]);
    }

    [Fact]
    public void TerminatedAndTruncated_IsTerminated()
    {
        using var child = ExternalChild.StartPython(File + "Both");
        child.Reset(1);
        child.Step(1);
        Assert.Equal((false, true), (child.Truncated[0], child.Terminated[0]));
    }

    [Fact]
    public void Masks_ComeFromInfoOrFromAMethod()
    {
        var masks = new bool[3];
        using var info = ExternalChild.StartPython(File + "Masked", parameters: new Dictionary<string, double> { ["width"] = 1000 });
        info.Reset(1);
        ((IMaskedEnvironment)info.Environment).ActionMasks(masks);
        Assert.Equal([true, true, false], masks);
        info.Step(1);
        ((IMaskedEnvironment)info.Environment).ActionMasks(masks);
        Assert.Equal([true, false, true], masks);

        using var method = ExternalChild.StartPython(File + "Method", parameters: new Dictionary<string, double> { ["width"] = 1000 });
        method.Reset(1);
        method.Step(1);
        ((IMaskedEnvironment)method.Environment).ActionMasks(masks);
        Assert.Equal([true, false, false], masks);
    }

    [Fact]
    public void Images_ActionsOfAnyShapeAndPictures_ComeThroughWhole()
    {
        using var child = ExternalChild.StartPython(File + "Pixels", 2, render: true);
        var space = Assert.IsType<BoxSpace>(child.Environment.ObservationSpace);
        Assert.Equal(BoxSpace.Unbounded(1) with { Shape = [4, 4, 3], Low = new double[48], High = [.. Enumerable.Repeat(255.0, 48)], ElementType = ElementType.UInt8 }, space);
        Assert.Equal([2, 2], Assert.IsType<BoxSpace>(child.Environment.ActionSpace).Shape);
        Assert.Equal(int.MaxValue, child.Environment.MaxEpisodeSteps);
        child.Reset(1, 2);
        Assert.All(child.Observations, o => Assert.Equal(7, o));
        child.Step(0, 0, 0.5f, 0, 0, 0, -0.25f, 0);
        Assert.Equal([0.5, -0.25], child.Rewards);
        Assert.All(child.Observations, o => Assert.Equal(1, o));
        var rendered = Assert.IsType<IRenderedEnvironment>(child.Environment, exactMatch: false);
        Assert.Equal((8, 6), rendered.FrameSize);
        var rgb = new byte[8 * 6 * 3];
        rendered.Render(1, rgb);
        Assert.All(rgb, b => Assert.Equal(10, b));
    }

    [Fact]
    public void DictAndTuple_OfBoxes_AreJoinedInTheOrderOfTheirKeys()
    {
        using var child = ExternalChild.StartPython(File + "Joined");
        Assert.Equal(new BoxSpace([5], [0, 0, -1, -1, 0], [9, 9, 1, 1, 5]), child.Environment.ObservationSpace);
        child.Reset(1);
        Assert.Equal([8, 9, 0.25f, -0.5f, 3], child.Observations);
    }

    [Theory]
    [InlineData(0, 2, 3)]
    [InlineData(1, 1, 1)]
    public void MultiDiscreteAndMultiBinary_Observations_AreNumbers(int binary, int high0, int high1)
    {
        using var child = ExternalChild.StartPython(File + "Levers", parameters: new Dictionary<string, double> { ["binary"] = binary });
        Assert.Equal(new BoxSpace([2], [0, 0], [high0, high1]), child.Environment.ObservationSpace);
        child.Reset(1);
        Assert.Equal([1, 0], child.Observations);
    }

    [Fact]
    public void Spaces_ThatStartElsewhere_CountFromZero()
    {
        using var child = ExternalChild.StartPython(File + "Start");
        Assert.Equal(new DiscreteSpace(5), child.Environment.ObservationSpace);
        child.Reset(1);
        Assert.Equal([0], child.Observations);
        child.Step(1);
        Assert.Equal([3], child.Observations);
    }

    [Fact]
    public void WhatAnEnvironmentPrints_IsNoFrame()
    {
        using var child = ExternalChild.StartPython(File + "Printing");
        child.Reset(1);
        for (var t = 1; t <= 3; t++)
        {
            child.Step(1);
            Assert.Equal(t, child.Row(0)[1]);
        }
    }

    [Fact]
    public void AFunction_WithAParameterThatHasNoDefault_IsMade()
    {
        using var child = ExternalChild.StartPython("environments:factory", parameters: new Dictionary<string, double> { ["size"] = 3 });
        Assert.Equal(3, child.Environment.ObservationSpace.FlatSize);
        child.Reset(1);
        child.Step(1);
        Assert.Equal([1, 1, 1], child.Observations);
    }

    [Theory]
    [InlineData(File + "Wlak", "environments.py has no 'Wlak'; it has: ")]
    [InlineData("nothing.py:Walk", "the file 'nothing.py' does not exist, seen from ")]
    [InlineData("environments.py", "'environments.py' names a file alone; write environments.py:Class")]
    [InlineData("no.such.module:Walk", "there is no module 'no' in ")]
    [InlineData(File + "factory", "TypeError: factory() missing 1 required positional argument: 'size'")]
    [InlineData(File + "NOT_AN_ENVIRONMENT", "a dict was made, which has no 'reset'")]
    [InlineData(File + "Unseeded", "reset of Unseeded takes no seed, so no episode could be made again; write 'def reset(self, seed=None)'")]
    [InlineData(File + "Joined?discrete=1", "observation_space['gear'] is Discrete within a Dict")]
    [InlineData(File + "Levers?act=1", "action_space is a MultiDiscrete; Discrete and Box of floats are served")]
    [InlineData(File + "Walk?nose=1", "unknown parameter 'nose' of environments.py:Walk. Did you mean 'noise'? It takes: bounce, noise, width.")]
    public void WhatCannotBeServed_IsOneMessage(string name, string message)
    {
        var python = ExternalSchemes.Python(PythonWithNumPy.Require()).Words;
        using var child = new ExternalChild();
        var parts = name.Split('?', '=');
        var parameters = parts.Length > 1 ? new Dictionary<string, double> { [parts[1]] = double.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture) } : [];
        var error = Assert.Throws<UserErrorException>(() => child.Start(python, parts[0], 1, parameters));
        Assert.Contains("the server said: " + message, error.Message, StringComparison.Ordinal);
        Assert.Empty(child.Living);
    }

    [Theory]
    [InlineData("Failing", "the server said: ValueError: the engine stalled (environments.py, line ", "Traceback (most recent call last)")]
    [InlineData("WrongShape", "the server said: the environment gave an observation of shape (3,); its observation_space says (2,).")]
    [InlineData("Bad", "sent the reward NaN in instance 0")]
    [InlineData("Exiting", "the server said: SystemExit: gave up (environments.py")]
    [InlineData("Crashing", "was killed by signal 11 (SIGSEGV)", "Fatal Python error: Segmentation fault")]
    public void AnEnvironmentThatFails_IsOneMessageWithTheLastWords(string name, params string[] parts)
    {
        using var child = ExternalChild.StartPython(File + name);
        child.Reset(1);
        var error = Assert.Throws<UserErrorException>(() =>
        {
            for (var t = 0; t < 5; t++)
                child.Step(1);
        });
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.Empty(child.Living);
    }

    [Fact]
    public void APythonWithoutNumPy_IsOneMessage()
    {
        PythonWithNumPy.Require();
        using var child = new ExternalChild();
        var python = ExternalSchemes.Python(PythonWithNumPy.Require()).Words;
        // Isolated and without site-packages.
        var error = Assert.Throws<UserErrorException>(() => child.Start([python[0], "-I", "-S", python[1]], File + "Walk", 1));
        Assert.Contains("has no NumPy. Run '", error.Message, StringComparison.Ordinal);
    }

    // In the middle of a step that never ends, with a helper that nobody else knows.
    [Fact]
    public void WhenTheHostIsKilled_TheServerEndsWithAllThatItStarted()
    {
        var python = PythonWithNumPy.Require();
        var root = Directory.CreateTempSubdirectory("offlinerl-killed-").FullName;
        using var child = new ExternalChild();
        var variables = new Dictionary<string, string>(child.Command([python]).Variables) { ["OFFLINERL_PYTHON"] = python, ["HANGING"] = Path.Combine(root, "hangs") };
        var id = $"gymnasium:{Path.Combine(Path.GetDirectoryName(ExternalChild.Script)!, "environments.py")}:Hanging";
        using var host = Cli.Tool.Start(root, variables, "ingest", "record", "--set", "environment=" + id, "--set", "name=x", "--set", "mixture=[{policy: uniform}]", "--set", "batch=1");
        Assert.True(Until(() => System.IO.File.Exists(variables["HANGING"]) || host.HasExited));
        // The host, the server, and its helper.
        Assert.True(child.Living.Count == 3, $"{child.Living.Count} processes; {(host.HasExited ? host.StandardError.ReadToEnd() : "")}");
        host.Kill();
        host.WaitForExit();
        Assert.True(Until(() => child.Living.Count == 0), $"processes are left: {string.Join(", ", child.Living)}");
        Directory.Delete(root, recursive: true);

        static bool Until(Func<bool> condition)
        {
            var watch = Stopwatch.StartNew();
            while (!condition() && watch.Elapsed < TimeSpan.FromSeconds(60))
                Thread.Sleep(50);
            return condition();
        }
    }

    static List<Moment> Trace(ExternalChild child, ulong[] seeds, int steps)
    {
        var moments = new List<Moment>();
        child.Reset(seeds);
        for (var t = 0; t < steps; t++)
        {
            child.Step([.. seeds.Select((_, i) => (t / 3) % 3)]);
            for (var i = 0; i < seeds.Length; i++)
            {
                var ended = child.Terminated[i] || child.Truncated[i];
                moments.Add(new Moment(i, string.Join(' ', child.Row(i)) + (ended ? " after " + string.Join(' ', child.FinalRow(i)) : ""), child.Rewards[i], child.Terminated[i], child.Truncated[i]));
            }
        }

        return moments;
    }

    sealed record Moment(int Instance, string Observation, double Reward, bool Terminated, bool Truncated);
}
