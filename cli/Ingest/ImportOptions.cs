using System.CommandLine;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Cli.Ingest;

/// <summary>The options that stand for keys of an import's config.</summary>
sealed class ImportOptions
{
    readonly Option<string?> _config = GlobalOptions.Config();
    readonly Option<string[]> _set = GlobalOptions.Set();
    readonly Option<string?> _name = new("--name", "-n") { Description = "The dataset: NAME for its next version, or NAME-vN", HelpName = "NAME" };
    readonly Option<string?> _format = new("--format") { Description = "What the files are (default: by their content); ingest/README.md lists the formats", HelpName = "FORMAT" };
    readonly Option<string?> _bits = new("--bits") { Description = "Hashed features fall into 2 to the power of this many numbers (default: 8)", HelpName = "N" };
    readonly Option<string?> _onError = new("--on-error") { Description = "Where a row cannot be right: stop (default), reject its episode, or keep what can be represented", HelpName = "RULE" };
    readonly Option<bool> _noValidation = new("--no-validation") { Description = "Check only what a dataset must hold" };
    readonly Option<string[]> _source = new("--source")
    {
        Description = "File, folder or glob instead of the config's (repeatable)",
        HelpName = "FILES",
        Arity = ArgumentArity.ZeroOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _name, _source, _format, _bits, _onError, _noValidation, _config, _set })
            command.Options.Add(option);
    }

    /// <summary>The config file with the options over it.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="more">Overrides that the command brings itself.</param>
    public ImportConfig Read(ParseResult arguments, params string[] more)
    {
        var overrides = new List<string>(more);
        foreach (var (key, option) in new[] { ("name", _name), ("format", _format), ("bits", _bits), ("on_error", _onError) })
        {
            if (arguments.GetValue(option) is { } value)
                overrides.Add($"{key}={Quote(value)}");
        }

        if (arguments.GetValue(_source) is { Length: > 0 } sources)
            overrides.Add($"source=[{string.Join(", ", sources.Select(Quote))}]");
        if (arguments.GetValue(_noValidation))
            overrides.Add("validation=false");
        overrides.AddRange(arguments.GetValue(_set) ?? []);
        return Config.Load<ImportConfig>(arguments.GetValue(_config), overrides);
    }

    // What the user typed is text, whatever YAML would take it for.
    static string Quote(string value) => "'" + value.Replace("'", "''", StringComparison.Ordinal) + "'";
}
