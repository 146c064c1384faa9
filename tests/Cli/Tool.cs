using System.Diagnostics;

namespace OfflineRL.Tests.Cli;

/// <summary>What the tool said and how it ended.</summary>
sealed record ToolResult(int ExitCode, string Output, string Error)
{
    /// <summary>Both streams, for messages of failed assertions.</summary>
    public string All => Output + Error;

    public ToolResult Expect(int exitCode)
    {
        Assert.True(ExitCode == exitCode, $"exit code {ExitCode}, expected {exitCode}:\n{All}");
        return this;
    }
}

/// <summary>Runs the real tool, built with these tests, as a process of its own.</summary>
static class Tool
{
    /// <summary>The apphost that the build left beside the tests.</summary>
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "offlinerl");

    /// <summary>Runs with <paramref name="root"/> as the working folder and waits, two minutes at most.</summary>
    public static ToolResult Run(string root, params string[] arguments) => Run(root, new Dictionary<string, string>(), arguments);

    /// <summary>The same with environment variables set.</summary>
    public static ToolResult Run(string root, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        using var process = Start(root, environment, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"offlinerl {string.Join(' ', arguments)} did not end within two minutes.");
        }

        return new ToolResult(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    /// <summary>Starts and returns at once, for tests that interrupt.</summary>
    public static Process Start(string root, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path, arguments)
        {
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // What the surrounding shell set must not leak into a test.
        start.Environment.Remove("OFFLINERL_ROOT");
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException($"{Path} did not start.");
    }
}
