using System.Diagnostics;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>What the tests of MuJoCo's robots need; they skip, saying why, where it is not there.</summary>
static class MujocoSetup
{
    public static void Require() => Assert.SkipWhen(MujocoServer.Missing is not null, $"MuJoCo is not set up: {MujocoServer.Missing}.");

    /// <summary>A batch in a server of its own.</summary>
    public static IVectorEnvironment Start(string id, int count, int? threads = null)
    {
        Require();
        var identity = EnvironmentRegistry.Resolve(id);
        return ExternalEnvironment.Start(MujocoServer.Command(identity, threads), identity.Id, identity, identity.Parameters, count);
    }

    /// <summary>What a Node program writes to its standard output.</summary>
    public static string Run(params ReadOnlySpan<string> arguments)
    {
        var start = new ProcessStartInfo(MujocoServer.FindNode()!) { RedirectStandardOutput = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}

/// <summary>A batch of each robot that tests share, each test from a reset of its own: a server takes most of a second to start.</summary>
public sealed class SharedRobots : IDisposable
{
    public const int Count = 32;

    readonly Dictionary<string, IVectorEnvironment> _environments = [];

    internal Walk Start(string id, ulong firstSeed = 0)
    {
        if (!_environments.TryGetValue(id, out var environment))
            _environments[id] = environment = MujocoSetup.Start(id, Count);
        return new Walk(environment, firstSeed);
    }

    public void Dispose()
    {
        foreach (var environment in _environments.Values)
            environment.Dispose();
    }
}

/// <summary>A batch of a robot that has been reset with seeds in sequence, the spans it writes into, and a stream of actions for each seed.</summary>
sealed class Walk
{
    readonly IVectorEnvironment _environment;
    readonly int _width, _actionWidth;
    readonly RandomStream[] _random;
    readonly float[] _actions, _observations, _final;
    readonly double[] _rewards;
    readonly bool[] _terminated, _truncated;

    public Walk(IVectorEnvironment environment, ulong firstSeed)
    {
        _environment = environment;
        var count = environment.Count;
        (_width, _actionWidth) = (environment.ObservationSpace.FlatSize, environment.ActionSpace.FlatSize);
        (_actions, _observations, _final) = (new float[count * _actionWidth], new float[count * _width], new float[count * _width]);
        (_rewards, _terminated, _truncated) = (new double[count], new bool[count], new bool[count]);
        var seeds = Enumerable.Range(0, count).Select(i => firstSeed + (ulong)i).ToArray();
        _random = seeds.Select(s => RandomStream.Create(s, "actions")).ToArray();
        environment.Reset(seeds, _observations);
    }

    public IVectorEnvironment Environment => _environment;

    public double Reward(int instance) => _rewards[instance];

    public bool Terminated(int instance) => _terminated[instance];

    public bool Truncated(int instance) => _truncated[instance];

    public bool Ended(int instance) => _terminated[instance] || _truncated[instance];

    public float[] Row(int instance) => _observations.AsSpan(instance * _width, _width).ToArray();

    public float[] FinalRow(int instance) => _final.AsSpan(instance * _width, _width).ToArray();

    /// <summary>Every instance draws its own uniform action, from its own stream.</summary>
    public void Step()
    {
        for (var i = 0; i < _random.Length; i++)
        {
            foreach (ref var a in _actions.AsSpan(i * _actionWidth, _actionWidth))
                a = (float)((2 * _random[i].NextDouble()) - 1);
        }

        Step(_actions);
    }

    public void Step(ReadOnlySpan<float> actions) => _environment.Step(
        new ActionBatch { Continuous = actions },
        new StepOutput { Observations = _observations, Rewards = _rewards, Terminated = _terminated, Truncated = _truncated, FinalObservations = _final });
}
