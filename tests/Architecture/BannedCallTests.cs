using System.Text.RegularExpressions;

namespace OfflineRL.Tests.Architecture;

/// <summary>Randomness and time are injected; these calls would bring in what no seed reaches.</summary>
public sealed class BannedCallTests
{
    static readonly (string Pattern, string Instead)[] Banned =
    [
        (@"\bRandom\.Shared\b", "a RandomStream"),
        (@"\bnew (System\.)?Random\(", "a RandomStream"),
        (@"\bDateTime(Offset)?\.(Utc)?(Now|Today)\b", "an injected TimeProvider"),
        (@"\bGuid\.NewGuid\b", "a name or a content hash"),
        // Draws without a generator use torch's default one; manual_seed on torch itself seeds it.
        (@"\btorch\.(rand|randn|randint|randperm|normal|bernoulli|multinomial)\((?![^;]*\b(generator|Generator|rng)\b)", "an explicit torch.Generator"),
        (@"\btorch\.(random\.)?manual_seed\(", "an explicit torch.Generator"),
    ];

    [Fact]
    public void Sources_UseNoneOfTheBannedCalls()
    {
        var files = Product().ToList();
        Assert.True(files.Count > 20, $"only {files.Count} source files were found: the test looks in the wrong place.");
        var found = files.SelectMany(f => Violations(File.ReadAllText(f)).Select(v => $"{SourceTree.Relative(f)}: {v}"));
        Assert.Empty(found);
    }

    [Theory]
    [InlineData("var x = Random.Shared.Next();")]
    [InlineData("var x = new Random(3);")]
    [InlineData("var now = DateTime.UtcNow;")]
    [InlineData("var now = DateTimeOffset.Now;")]
    [InlineData("var id = Guid.NewGuid();")]
    [InlineData("var x = torch.randn(3, 4);")]
    [InlineData("torch.manual_seed(1);")]
    public void Violations_OfABannedCall_AreFound(string source) => Assert.NotEmpty(Violations(source));

    [Theory]
    [InlineData("var x = torch.randn(3, 4, generator: noise);")]
    [InlineData("// new Random() is banned")]
    [InlineData("var x = random.NextInt(3);")]
    public void Violations_OfAllowedCalls_AreNone(string source) => Assert.Empty(Violations(source));

    // The binding defines the banned names, and the tests may use the machine's clock for time-outs.
    static IEnumerable<string> Product() => SourceTree.Files("*.cs")
        .Where(f => !SourceTree.Relative(f).StartsWith("tests/", StringComparison.Ordinal) && !SourceTree.Relative(f).StartsWith("train/Torch/", StringComparison.Ordinal));

    static IEnumerable<string> Violations(string source)
    {
        var code = Regex.Replace(source, "//.*", "");
        return Banned.SelectMany(b => Regex.Matches(code, b.Pattern).Select(m => $"{m.Value}: use {b.Instead} instead"));
    }
}
