using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

/// <summary>The README's table of import keys, and the configs beside it, against the code.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void TheTableOfImportKeys_NamesEveryKeyWithItsDefaultInOrder()
    {
        var rows = File.ReadLines(Path.Combine(Checkout.Root, "ingest", "README.md"))
            .SkipWhile(l => !l.StartsWith("| key |", StringComparison.Ordinal)).Skip(2).TakeWhile(l => l.StartsWith('|'))
            .Select(l => l.Split('|'))
            .SelectMany(cells => cells[1].Split(',').Select(key => $"{key.Trim().Trim('`')}={cells[2].Trim().Trim('`')}"));
        var keys = Config.ToYaml(new ImportConfig()).TrimEnd().Split('\n')
            .Select(l => l.Split(": ", 2))
            .Select(p => $"{p[0]}={(p[1] is "null" or "[]" or "{}" or "''" ? "" : p[1].Trim('\''))}");
        Assert.Equal(keys.Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void TheTableOfChecks_NamesEachWithSeverityAndMeaning()
    {
        var rows = File.ReadLines(Path.Combine(Checkout.Root, "ingest", "README.md"))
            .SkipWhile(l => l != "| check | severity | meaning |").Skip(2).TakeWhile(l => l.StartsWith('|'));
        Assert.Equal(Checks.All.Select(c => $"| `{c.Name}` | {c.Severity.ToString().ToLowerInvariant()} | {c.Meaning} |"), rows);
    }

    [Fact]
    public void TheDefaultRecording_EqualsItsConfigFile() => Assert.Equal(
        Config.ToYaml(new RecordConfig().Resolve()),
        Config.ToYaml(Config.Load<RecordConfig>(Path.Combine(Checkout.Root, "ingest", "configs", "cartpole.yaml"), [])));
}
