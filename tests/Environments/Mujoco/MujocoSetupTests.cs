using System.Diagnostics;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>Where MuJoCo is not set up one message says what is missing and what to do.</summary>
public sealed class MujocoSetupTests : IDisposable
{
    readonly string _bin = Directory.CreateTempSubdirectory("mujoco-").FullName;

    public void Dispose() => Directory.Delete(_bin, recursive: true);

    [Fact]
    public void Setup_WithoutNode_SaysWhatToInstall()
    {
        var (status, error) = Setup();
        Assert.Equal(2, status);
        Assert.Contains("missing: node. Install Node 18 or newer (Debian: apt-get install nodejs npm)", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Setup_WithAnOldNode_NamesItsVersion()
    {
        Script("node", "echo v16.20.1");
        var (status, error) = Setup();
        Assert.Equal(2, status);
        Assert.Contains("is v16.20.1; expected v18 or newer", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Setup_WithAFolderThatIsNoPackage_NamesTheVariable()
    {
        Script("node", "echo v20.0.0");
        var (status, error) = Setup(("OFFLINERL_MUJOCO", "/nowhere"));
        Assert.Equal(2, status);
        Assert.Contains("OFFLINERL_MUJOCO=/nowhere holds no package mujoco-js", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Environment_WhereSomethingIsMissing_SaysWhatAndWhatToDo()
    {
        Assert.Equal("Node was not found in PATH; install Node 18 or newer, or name its program with OFFLINERL_NODE", Missing());
        Assert.Contains("Node was not found at OFFLINERL_NODE=/nowhere/node;", Missing(("OFFLINERL_NODE", "/nowhere/node")), StringComparison.Ordinal);
        Script("node", "true");
        Assert.Contains(
            "mujoco-js was not found in OFFLINERL_MUJOCO=/nowhere; run 'make setup-mujoco'", Missing(("PATH", _bin), ("OFFLINERL_MUJOCO", "/nowhere")), StringComparison.Ordinal);
        var identity = EnvironmentRegistry.Resolve("Hopper-v4?gravity=10");
        Assert.StartsWith("Environment 'Hopper-v4' needs MuJoCo, which is not set up: x.", Throw.MujocoNotSetUp(identity, "x").Message, StringComparison.Ordinal);

        // Either folder will do: the package's, or that of npm.
        var package = Path.Combine(_bin, "node_modules", "mujoco-js");
        Directory.CreateDirectory(Path.Combine(package, "dist"));
        File.WriteAllText(Path.Combine(package, "package.json"), "{}");
        File.WriteAllText(Path.Combine(package, "dist", "mujoco_wasm.js"), "");
        Assert.Null(Missing(("PATH", _bin), ("OFFLINERL_MUJOCO", package)));
        Assert.Null(Missing(("PATH", _bin), ("OFFLINERL_MUJOCO", _bin)));

        static string? Missing(params (string Name, string Value)[] variables) =>
            MujocoServer.WhatIsMissing(name => variables.FirstOrDefault(v => v.Name == name).Value);
    }

    (int Status, string Error) Setup(params (string Name, string Value)[] variables)
    {
        foreach (var name in (string[])["bash", "dirname", "sed", "cat"])
        {
            var target = new[] { "/usr/bin", "/bin" }.Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists);
            Assert.SkipWhen(target is null, $"{name} is not on this system.");
            File.CreateSymbolicLink(Path.Combine(_bin, name), target);
        }

        var start = new ProcessStartInfo("/bin/bash", [Path.Combine(Checkout.Root, ".ci", "setup-mujoco.sh")]) { RedirectStandardError = true };
        foreach (var name in (string[])["OFFLINERL_NODE", "OFFLINERL_MUJOCO"])
            start.Environment.Remove(name);
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        start.Environment["PATH"] = _bin;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error);
    }

    void Script(string name, string body)
    {
        var path = Path.Combine(_bin, name);
        File.WriteAllText(path, $"#!/bin/bash\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
    }
}
