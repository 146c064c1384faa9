using System.Text.RegularExpressions;

namespace OfflineRL.Tests.Cli;

/// <summary>Every command that a README shows is run, in the README's order, with the sizes shrunk.</summary>
public sealed class ReadmeTests : IDisposable
{
    // What makes a command quick without changing what it does; behind its own options, so that these win.
    static readonly (string Verb, string[] Shrink)[] Smaller =
    [
        ("loop", ["--set", "steps=400", "--set", "warmup_steps=100"]),
        ("train", ["--set", "steps=60", "--set", "policy_period_steps=30", "--set", "importance_pg.batch_episodes=4"]),
        ("evaluate rollout", ["--set", "episodes=2"]),
        ("evaluate ope", ["--set", "resamples=50"]),
        ("evaluate --config evaluate/configs/cartpole_rollout", ["--set", "episodes=2"]),
    ];

    readonly string _root = Directory.CreateTempSubdirectory("readme").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("README.md", 16)]
    [InlineData("ingest/README.md", 6)]
    [InlineData("datasets/README.md", 3)]
    [InlineData("train/README.md", 2)]
    [InlineData("evaluate/README.md", 3)]
    public void Readme_EveryCommand_Works(string readme, int atLeast)
    {
        var lines = Commands(readme).ToList();
        var commands = lines.Where(l => l.StartsWith("offlinerl ", StringComparison.Ordinal)).ToList();
        Assert.True(commands.Count >= atLeast, $"{readme} shows {commands.Count} commands; expected at least {atLeast}: the test reads it wrongly.");
        if (readme != "README.md")
            Prepare(trained: readme is "ingest/README.md" or "evaluate/README.md");
        foreach (var command in commands)
            Run(command);
        foreach (var line in lines.Where(l => l.StartsWith("make ", StringComparison.Ordinal)))
            CheckMake(line);
    }

    [Fact]
    public void Help_OfEveryCommand_EndsWellAndShowsAnExample()
    {
        string[] commands =
        [
            "ingest", "ingest record", "ingest import", "ingest validate", "ingest propensities", "ingest log", "ingest compact", "datasets merge", "datasets list", "datasets show", "datasets check", "datasets split", "datasets export",
            "environments list", "environments draw", "train", "loop", "evaluate rollout", "evaluate ope", "evaluate compare", "evaluate select", "evaluate export", "evaluate model",
        ];
        foreach (var command in commands)
        {
            var help = Tool.Run(_root, [.. command.Split(' '), "--help"]).Expect(0).Output;
            Assert.Contains("offlinerl " + command, help.Split("Usage:")[0], StringComparison.Ordinal);
        }
    }

    // Lines of the blocks marked sh; a trailing backslash joins, a comment ends the line.
    static IEnumerable<string> Commands(string readme)
    {
        var text = File.ReadAllText(Path.Combine(Checkout.Root, readme));
        foreach (Match block in Regex.Matches(text, "```sh\n(.*?)```", RegexOptions.Singleline))
        {
            foreach (var line in block.Groups[1].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
                yield return Regex.Replace(line, "\\s#.*", "").Trim();
        }
    }

    void Prepare(bool trained)
    {
        Run("offlinerl ingest record --name cartpole --steps 3000");
        if (!trained)
            return;
        Run("offlinerl train --dataset cartpole --algorithm bc --seeds 0..1");
        Run("offlinerl train --dataset cartpole --algorithm dqn --seeds 0..1");
        Run("offlinerl train --dataset cartpole --algorithm world_model");
    }

    void Run(string command)
    {
        // The real logs are not part of the checkout; the other commands run without them.
        if (command.Contains("rllib", StringComparison.Ordinal) && !Directory.Exists(Path.Combine(Checkout.Root, "../shared/data/rllib_cartpole")))
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"left out, ../shared/data/rllib_cartpole is not there: {command}");
            return;
        }

        var words = Words(command["offlinerl ".Length..]);
        var shrink = Smaller.FirstOrDefault(s => string.Join(' ', words).StartsWith(s.Verb, StringComparison.Ordinal)).Shrink ?? [];
        // Configs are named from the checkout; what comes out goes to the test's own root.
        if (Array.FindIndex(words, w => w is "--out" or "--html") is >= 0 and var option)
            words[option + 1] = Path.Combine(_root, words[option + 1]);
        if (Array.IndexOf(words, "--source") is >= 0 and var source && File.Exists(Path.Combine(_root, words[source + 1])))
            words[source + 1] = Path.Combine(_root, words[source + 1]);
        Tool.Run(Checkout.Root, new Dictionary<string, string> { ["OFFLINERL_ROOT"] = _root }, [.. words, .. shrink]).Expect(0);
    }

    static string[] Words(string command) => Regex.Matches(command, "\"([^\"]*)\"|'([^']*)'|(\\S+)")
        .Select(m => m.Groups[1].Success ? m.Groups[1].Value : m.Groups[2].Success ? m.Groups[2].Value : m.Groups[3].Value)
        .ToArray();

    static void CheckMake(string line)
    {
        var target = line.Split(' ')[1];
        Assert.Contains($"\n{target}:", File.ReadAllText(Path.Combine(Checkout.Root, "Makefile")), StringComparison.Ordinal);
        if (Regex.Match(line, "CONFIG=(\\S+)") is { Success: true } config)
            Assert.True(File.Exists(Path.Combine(Checkout.Root, config.Groups[1].Value)), $"'{line}' names a config that is not there.");
    }
}
