using System.Diagnostics;

namespace OfflineRL.Tests.Architecture;

/// <summary>Set-up tells a user what is missing instead of failing half-way.</summary>
public sealed class SetupTests : IDisposable
{
    readonly string _bin = Directory.CreateTempSubdirectory("bin").FullName;

    public void Dispose() => Directory.Delete(_bin, recursive: true);

    [Fact]
    public void Setup_WithoutCompilerAndRoot_SaysWhatToInstall()
    {
        Link("bash", "dirname", "mkdir", "grep", "cat", "sed", "apt-get");
        Script("id", "echo 1000");
        Script("ldconfig", "true");
        var (status, error) = RunSetup();
        Assert.Equal(2, status);
        Assert.Contains("You are not root: run 'sudo apt-get install --no-install-recommends g++ cmake", error, StringComparison.Ordinal);
        Assert.Contains("LIBTORCH", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Setup_OnAnotherSystem_SaysWhatToInstall()
    {
        Link("bash", "dirname", "mkdir", "grep", "cat", "sed");
        Script("id", "echo 0");
        Script("ldconfig", "true");
        var (status, error) = RunSetup();
        Assert.Equal(2, status);
        Assert.Contains("has no apt-get", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Setup_WithDuckDbThatIsNoFile_NamesTheVariable()
    {
        var (status, error) = RunSetup(path: Environment.GetEnvironmentVariable("PATH"), duckDb: "/nowhere/libduckdb.so");
        Assert.Equal(2, status);
        Assert.Contains("DUCKDB=/nowhere/libduckdb.so is not a file", error, StringComparison.Ordinal);
    }

    (int Status, string Error) RunSetup(string? path = null, string? duckDb = null)
    {
        var start = new ProcessStartInfo("/bin/bash", [Path.Combine(Checkout.Root, ".ci", "setup.sh")]) { RedirectStandardError = true };
        start.Environment["PATH"] = path ?? _bin;
        start.Environment.Remove("LIBTORCH");
        start.Environment.Remove("DUCKDB");
        if (duckDb is not null)
            start.Environment["DUCKDB"] = duckDb;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error);
    }

    void Link(params string[] names)
    {
        foreach (var name in names)
        {
            var target = new[] { "/usr/bin", "/bin", "/usr/sbin", "/sbin" }.Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists);
            Assert.SkipWhen(target is null, $"{name} is not on this system.");
            File.CreateSymbolicLink(Path.Combine(_bin, name), target);
        }
    }

    void Script(string name, string body)
    {
        var path = Path.Combine(_bin, name);
        File.WriteAllText(path, $"#!/bin/bash\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
    }
}
