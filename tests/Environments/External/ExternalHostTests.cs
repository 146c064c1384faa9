using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>However the host of an external environment ends, nothing of the environment is left.</summary>
public sealed class ExternalHostTests : IDisposable
{
    const string CrashVariable = "OFFLINERL_TEST_CRASH";

    readonly string _folder = Directory.CreateTempSubdirectory("offlinerl-host-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // A server that hangs in a step has a timeout of a minute, and hears neither of Ctrl-C nor of the end of its input.
    [Theory]
    [InlineData("good", "-INT")]
    [InlineData("hang", "-INT")]
    [InlineData("hang", "-TERM")]
    public async Task Interrupted_TheToolEndsInSecondsAndNothingIsLeft(string mode, string signal)
    {
        using var child = new ExternalChild();
        using var host = Record(child, mode);
        var error = host.StandardError.ReadToEndAsync();
        var watch = Stopwatch.StartNew();
        Send(signal, host.Id);
        Assert.True(host.WaitForExit(TimeSpan.FromSeconds(40)), $"{signal} did not end the tool");
        Assert.Equal(130, host.ExitCode);
        Assert.True(mode == "good" || watch.Elapsed > TimeSpan.FromSeconds(1.5), "a slow answer is given two seconds");
        Assert.Contains("interrupted", await error, StringComparison.Ordinal);
        Assert.Empty(child.Living);
    }

    [Fact]
    public void InterruptedTwice_TheToolEndsAtOnceAndNothingIsLeft()
    {
        using var child = new ExternalChild();
        using var host = Record(child, "hang");
        Send("-INT", host.Id);
        Thread.Sleep(200);
        Send("-INT", host.Id);
        Assert.True(host.WaitForExit(TimeSpan.FromSeconds(40)), "two signals did not end the tool");
        Assert.True(Until(() => child.Living.Count == 0), $"processes are left: {string.Join(", ", child.Living)}");
    }

    // A terminal sends Ctrl-C to all that runs in it, and a server of somebody's own may well die of it before we hear.
    [Fact]
    public async Task InterruptedByATerminal_TheToolDoesNotCallItTheServersFault()
    {
        using var child = new ExternalChild();
        using var host = Record(child, "mortal", "/usr/bin/setsid");
        var error = host.StandardError.ReadToEndAsync();
        Send("-INT", -host.Id);
        Assert.True(host.WaitForExit(TimeSpan.FromSeconds(40)), "Ctrl-C did not end the tool");
        Assert.Equal(130, host.ExitCode);
        Assert.DoesNotContain("the server", await error, StringComparison.Ordinal);
        Assert.Empty(child.Living);
    }

    [Fact]
    public async Task CrashedByAnException_TheHostLeavesNothing()
    {
        using var child = new ExternalChild();
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment[CrashVariable] = Simulator("deaf-close");
        foreach (var (name, value) in child.Command(["node"]).Variables)
            start.Environment[name] = value;
        using var host = Process.Start(start)!;
        var error = host.StandardError.ReadToEndAsync();
        Assert.True(host.WaitForExit(TimeSpan.FromSeconds(60)));
        Assert.Equal(128 + 6, host.ExitCode);
        Assert.Contains("a host that crashes", await error, StringComparison.Ordinal);
        Assert.True(Until(() => child.Living.Count == 0), $"processes are left: {string.Join(", ", child.Living)}");
    }

    // These tests' own program, started with the variable, is such a host and no more. (Another thread could not run in a
    // module that is being initialized; so the server is not in a step, but it is one that does not end with its input.)
    [ModuleInitializer]
    internal static void Crash()
    {
        if (Environment.GetEnvironmentVariable(CrashVariable) is not { Length: > 0 } id)
            return;
        EnvironmentRegistry.Make(id, 1).Reset([1], new float[2]);
        throw new InvalidOperationException("a host that crashes");
    }

    /// <summary>The tool in the middle of recording; where the server is to hang, in the step that hangs.</summary>
    Process Record(ExternalChild child, string mode, params string[] before)
    {
        string[] words = [.. before, Cli.Tool.Path, "ingest", "record", "--set", "environment=" + Simulator(mode), "--set", "name=x", "--set", "mixture=[{policy: uniform}]", "--set", "batch=1", "--set", "steps=1000000000"];
        var start = new ProcessStartInfo(words[0], words[1..]) { WorkingDirectory = _folder, RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment.Remove("OFFLINERL_ROOT");
        foreach (var (name, value) in child.Command(["node"]).Variables)
            start.Environment[name] = value;
        var host = Process.Start(start)!;
        // The host and the server that it records from; a probe came before it and is gone by the time the folder is made.
        bool IsUnderWay() => mode == "hang" ? File.Exists(Path.Combine(_folder, "hanging")) : child.Living.Count == 2 && Directory.Exists(Path.Combine(_folder, "data"));
        Assert.True(Until(() => IsUnderWay() || host.HasExited));
        Assert.False(host.HasExited, host.HasExited ? host.StandardError.ReadToEnd() : "");
        return host;
    }

    string Simulator(string mode)
    {
        var path = Path.Combine(_folder, "simulator.yaml");
        File.WriteAllText(path, $"command: [node, '{ExternalChild.Script}', {mode}]\nvariables: {{HANGING: '{Path.Combine(_folder, "hanging")}'}}\n");
        return "external:" + path;
    }

    static void Send(string signal, int process)
    {
        using var kill = Process.Start("kill", [signal, "--", process.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    static bool Until(Func<bool> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!condition() && watch.Elapsed < TimeSpan.FromSeconds(40))
            Thread.Sleep(20);
        return condition();
    }
}
