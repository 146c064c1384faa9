using System.CommandLine;

namespace OfflineRL.Cli.Evaluate;

/// <summary>Turns options that are short for config keys into overrides, which <c>--set</c> in turn overrides.</summary>
sealed class Overrides
{
    readonly List<string> _overrides = [];

    public Overrides Text(ParseResult arguments, Option<string?> option, string key) => Text(arguments.GetValue(option), key);

    public Overrides Text(string? value, string key)
    {
        if (value is not null)
            _overrides.Add($"{key}={Quote(value)}");
        return this;
    }

    public Overrides Texts(ParseResult arguments, Option<string[]> option, string key)
    {
        if (arguments.GetValue(option) is { Length: > 0 } values)
            _overrides.Add($"{key}=[{string.Join(", ", values.Select(Quote))}]");
        return this;
    }

    /// <summary>Values parted by commas.</summary>
    public Overrides List(ParseResult arguments, Option<string?> option, string key)
    {
        if (arguments.GetValue(option) is { } values)
            _overrides.Add($"{key}=[{string.Join(", ", values.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Quote))}]");
        return this;
    }

    public string[] Then(string[] set) => [.. _overrides, .. set];

    /// <summary>An option that may be given several times.</summary>
    public static Option<string[]> Several(string name, string description, string valueName) => new(name)
    {
        Description = description,
        HelpName = valueName,
        Arity = ArgumentArity.ZeroOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    public static Option<string?> One(string name, string description, string valueName) => new(name)
    {
        Description = description,
        HelpName = valueName,
    };

    // Policies have commas, colons and question marks, which YAML would read.
    static string Quote(string value) => "'" + value.Replace("'", "''", StringComparison.Ordinal) + "'";
}
