using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace OfflineRL.Datasets;

/// <summary>A config record that can say what is wrong with it.</summary>
public interface IValidatable
{
    /// <summary>Every fault at once, each naming its key; none where all is well.</summary>
    IEnumerable<string> Validate();
}

/// <summary>
/// YAML files and <c>--set key=value</c> overrides, bound to records: keys are the properties in snake_case, what is
/// not named keeps the record's default, an unknown key is an error that names file, line and the nearest key.
/// </summary>
public static class Config
{
    /// <summary>Reads <paramref name="path"/> (null: defaults alone), applies the overrides in order, and validates.</summary>
    /// <param name="path">A YAML file.</param>
    /// <param name="overrides"><c>a.b=value</c>, the value in YAML (so <c>[1, 2]</c> and <c>{x: 1}</c> work).</param>
    /// <exception cref="UserErrorException">Anything wrong with the file, the overrides or the values.</exception>
    public static T Load<T>(string? path, IReadOnlyList<string> overrides)
        where T : class, new()
    {
        var root = path is null ? new YamlMappingNode() : ReadFile(path);
        var config = (T)ConfigBinder.Bind(typeof(T), root, path ?? "(defaults)", "", new T());
        foreach (var text in overrides)
            config = (T)ConfigBinder.Bind(typeof(T), ParseOverride(text), $"--set {text}", "", config, ConfigSource.Override);
        Check(config, path);
        return config;
    }

    /// <summary>Reads back what <see cref="ToYaml"/> wrote, maybe in another version of the tool: settings that this one does not have are left out.</summary>
    /// <param name="path">A YAML file.</param>
    /// <exception cref="UserErrorException">The file cannot be read, or a value is none that this version takes.</exception>
    public static T LoadStored<T>(string path)
        where T : class, new()
    {
        var config = (T)ConfigBinder.Bind(typeof(T), ReadFile(path), path, "", new T(), ConfigSource.Stored);
        Check(config, path);
        return config;
    }

    /// <summary>The whole record, defaults included, as YAML that <see cref="Load"/> reads back to an equal record.</summary>
    public static string ToYaml<T>(T config)
        where T : class => ConfigWriter.Write(config);

    /// <summary>Throws one error with all faults of a record that was made in code or changed after loading.</summary>
    /// <exception cref="UserErrorException">There is a fault.</exception>
    public static void Check<T>(T config, string? path = null)
        where T : class
    {
        var faults = ConfigBinder.Faults(config, "").ToList();
        if (faults.Count == 0)
            return;
        var where = path is null ? "The config" : $"{path}";
        throw new UserErrorException(faults.Count == 1
            ? $"{where}: {faults[0]}"
            : $"{where} has {faults.Count} faults:\n" + string.Join('\n', faults.Select(f => "  " + f)));
    }

    static YamlMappingNode ReadFile(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            return ParseMapping(reader, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{path}: the config file cannot be read ({e.Message.TrimEnd('.')}). Name an existing YAML file with --config.", e);
        }
    }

    static YamlMappingNode ParseMapping(TextReader reader, string where)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(reader);
        }
        catch (YamlException e)
        {
            throw new UserErrorException(string.Create(CultureInfo.InvariantCulture,
                $"{where}, line {e.Start.Line}: not valid YAML: {e.Message}"), e);
        }

        if (stream.Documents.Count == 0)
            return [];
        return stream.Documents[0].RootNode as YamlMappingNode
            ?? throw new UserErrorException($"{where}: found a list or a single value, expected keys and values such as 'steps: 10000'.");
    }

    // "a.b=value" is the mapping {a: {b: value}}.
    static YamlMappingNode ParseOverride(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
            throw new UserErrorException($"--set {text}: expected key=value, for example --set steps=20000 or --set dqn.learning_rate=0.001.");
        YamlNode node = ParseMapping(new StringReader("v: " + text[(equals + 1)..]), $"--set {text}").Children[new YamlScalarNode("v")];
        foreach (var key in text[..equals].Split('.').Reverse())
            node = new YamlMappingNode(new YamlScalarNode(key.Trim()), node);
        return (YamlMappingNode)node;
    }
}
