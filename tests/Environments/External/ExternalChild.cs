using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>An environment in a child process, made to behave well or badly, and the certainty that nothing of it is left.</summary>
sealed class ExternalChild : IDisposable
{
    const string Variable = "OFFLINERL_TEST_CHILD";
    static int s_count;

    readonly string _value = FormattableString.Invariant($"{System.Environment.ProcessId}-{Interlocked.Increment(ref s_count)}");

    IVectorEnvironment? _environment;

    /// <summary><c>child.mjs</c> beside this file, which says what its modes are.</summary>
    public static string Script { get; } = Path.Combine(Checkout.Root, "tests", "Environments", "External", "child.mjs");

    public IVectorEnvironment Environment => _environment!;

    public float[] Observations { get; private set; } = [];

    public float[] Final { get; private set; } = [];

    public double[] Rewards { get; private set; } = [];

    public bool[] Terminated { get; private set; } = [];

    public bool[] Truncated { get; private set; } = [];

    /// <summary>Processes that were started for this object and live.</summary>
    public IReadOnlyList<int> Living => MarkedProcesses.Find($"{Variable}={_value}");

    public static ExternalChild StartNode(string mode, string kind = "count", int count = 1, IReadOnlyDictionary<string, double>? parameters = null, bool render = false, double start = 60, double call = 60) =>
        new ExternalChild().Start(["node", Script, mode], kind, count, parameters, render, start, call);

    /// <summary>The Python server on one of the environments of <c>environments.py</c>; skips the test where there is no NumPy.</summary>
    public static ExternalChild StartPython(string environment, int count = 1, IReadOnlyDictionary<string, double>? parameters = null, bool render = false, double start = 60, double call = 60) =>
        new ExternalChild().Start(ExternalSchemes.Python(PythonWithNumPy.Require()).Words, environment, count, parameters, render, start, call);

    /// <summary>A command of our own making; the child is not started.</summary>
    public ExternalCommand Command(IReadOnlyList<string> words, double start = 60, double call = 60) => new()
    {
        Words = words,
        Variables = new Dictionary<string, string> { [Variable] = _value },
        Folder = Path.GetDirectoryName(Script)!,
        StartTimeout = TimeSpan.FromSeconds(start),
        CallTimeout = TimeSpan.FromSeconds(call),
    };

    public ExternalChild Start(IReadOnlyList<string> words, string kind, int count, IReadOnlyDictionary<string, double>? parameters = null, bool render = false, double start = 60, double call = 60)
    {
        var set = parameters ?? new Dictionary<string, double>();
        try
        {
            _environment = ExternalEnvironment.Start(Command(words, start, call), kind, new EnvironmentIdentity("external:" + kind, set), set, count, render);
        }
        catch
        {
            Dispose();
            throw;
        }

        var width = _environment.ObservationSpace.FlatSize;
        (Observations, Final) = (new float[count * width], new float[count * width]);
        (Rewards, Terminated, Truncated) = (new double[count], new bool[count], new bool[count]);
        return this;
    }

    public ExternalChild Reset(params ulong[] seeds)
    {
        Environment.Reset(seeds, Observations);
        return this;
    }

    public void Step(params int[] actions) => Step(new ActionBatch { Discrete = actions });

    public void Step(params float[] actions) => Step(new ActionBatch { Continuous = actions });

    public void Step(in ActionBatch actions) => Environment.Step(
        actions,
        new StepOutput { Observations = Observations, Rewards = Rewards, Terminated = Terminated, Truncated = Truncated, FinalObservations = Final });

    public float[] Row(int instance) => Observations.AsSpan(instance * Environment.ObservationSpace.FlatSize, Environment.ObservationSpace.FlatSize).ToArray();

    public float[] FinalRow(int instance) => Final.AsSpan(instance * Environment.ObservationSpace.FlatSize, Environment.ObservationSpace.FlatSize).ToArray();

    /// <summary>Lets go of the environment, so that only the collector can end it.</summary>
    public void Forget() => _environment = null;

    /// <summary>Fails the test where a process is left; the failure of a test that is already failing stays the first.</summary>
    public void Dispose()
    {
        _environment?.Dispose();
        var left = Living;
        Assert.True(left.Count == 0, $"processes are left: {string.Join(", ", left)}");
    }
}

/// <summary>The Python that tests of the Python server run on.</summary>
static class PythonWithNumPy
{
    static readonly Lazy<string?> Found = new(() => new[] { System.Environment.GetEnvironmentVariable("OFFLINERL_PYTHON"), "python3", "/usr/bin/python3" }.FirstOrDefault(HasNumPy));

    public static string Require()
    {
        Assert.SkipUnless(Found.Value is not null, "neither OFFLINERL_PYTHON nor python3 has NumPy; install it (python3-numpy) to run this test.");
        return Found.Value!;
    }

    static bool HasNumPy(string? python)
    {
        if (string.IsNullOrEmpty(python))
            return false;
        try
        {
            using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(python, ["-c", "import numpy"]) { RedirectStandardError = true });
            process!.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
