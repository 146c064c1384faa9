using System.Collections;
using System.Globalization;
using System.Reflection;
using YamlDotNet.RepresentationModel;

namespace OfflineRL.Datasets;

/// <summary>Puts YAML nodes into records: scalars, enums, lists, dictionaries and nested records.</summary>
static class ConfigBinder
{
    /// <summary>A copy of <paramref name="start"/> with what the mapping names replaced.</summary>
    public static object Bind(Type type, YamlMappingNode mapping, string where, string prefix, object start, ConfigSource source = ConfigSource.File)
    {
        var properties = Properties(type);
        var target = Clone(start);
        foreach (var (keyNode, valueNode) in mapping.Children)
        {
            var key = (keyNode as YamlScalarNode)?.Value ?? "";
            var place = source == ConfigSource.Override ? where : string.Create(CultureInfo.InvariantCulture, $"{where}, line {keyNode.Start.Line}");
            if (!properties.TryGetValue(key, out var property))
            {
                if (source == ConfigSource.Stored)
                    continue;
                throw UnknownKey(place, prefix + key, key, properties.Keys);
            }

            property.SetValue(target, Value(property.PropertyType, valueNode, place, prefix + key, property.GetValue(target), source, where));
        }

        return target;
    }

    /// <summary>Faults of a record and of the records below it, with the full key in front.</summary>
    public static IEnumerable<string> Faults(object config, string prefix)
    {
        if (config is IValidatable validatable)
        {
            foreach (var fault in validatable.Validate())
                yield return prefix + fault;
        }

        foreach (var (key, property) in Properties(config.GetType()))
        {
            switch (property.GetValue(config))
            {
                case null or string:
                    break;
                case IEnumerable list:
                    var index = 0;
                    foreach (var item in list)
                    {
                        if (item is not null && IsRecord(item.GetType()))
                        {
                            foreach (var fault in Faults(item, string.Create(CultureInfo.InvariantCulture, $"{prefix}{key}[{index}].")))
                                yield return fault;
                        }

                        index++;
                    }

                    break;
                case { } value when IsRecord(value.GetType()):
                    foreach (var fault in Faults(value, $"{prefix}{key}."))
                        yield return fault;
                    break;
            }
        }
    }

    /// <summary>Settable properties by their snake_case key, in the order they are declared.</summary>
    public static Dictionary<string, PropertyInfo> Properties(Type type) => type
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(p => p.CanRead && p.CanWrite && p.GetIndexParameters().Length == 0)
        .ToDictionary(p => SnakeCase(p.Name), StringComparer.Ordinal);

    /// <summary>Whether values of the type are written as a mapping of their own.</summary>
    public static bool IsRecord(Type type) =>
        type.IsClass && type != typeof(string) && !typeof(IEnumerable).IsAssignableFrom(type) && type.GetMethod("<Clone>$") is not null;

    /// <summary><c>LearningRate</c> is <c>learning_rate</c>.</summary>
    public static string SnakeCase(string name) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    static object Clone(object record) => record.GetType().GetMethod("<Clone>$")?.Invoke(record, null)
        ?? throw new InvalidOperationException($"{record.GetType().Name} is not a record; configs are records.");

    static object? Value(Type type, YamlNode node, string place, string key, object? current, ConfigSource source, string where)
    {
        var inner = Nullable.GetUnderlyingType(type) ?? type;
        if (IsNull(node))
        {
            return !type.IsValueType || Nullable.GetUnderlyingType(type) is not null
                ? null
                : throw Wrong(place, key, "nothing", inner);
        }

        if (IsRecord(inner))
        {
            var mapping = node as YamlMappingNode ?? throw Wrong(place, key, Describe(node), inner);
            return Bind(inner, mapping, where, key + ".", current ?? NewRecord(inner), source);
        }

        if (DictionaryValueType(inner) is { } valueType)
        {
            var mapping = node as YamlMappingNode ?? throw Wrong(place, key, Describe(node), inner);
            var dictionary = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), valueType))!;
            // One key set on the command line keeps the other keys of the file.
            if (source == ConfigSource.Override && current is IDictionary old)
            {
                foreach (DictionaryEntry pair in old)
                    dictionary[pair.Key] = pair.Value;
            }

            foreach (var (k, v) in mapping.Children)
            {
                var name = (k as YamlScalarNode)?.Value ?? "";
                dictionary[name] = Value(valueType, v, place, $"{key}.{name}", null, source, where);
            }

            return dictionary;
        }

        if (ElementType(inner) is { } elementType)
        {
            // A single value stands for a list of one.
            var nodes = node is YamlSequenceNode sequence ? sequence.Children : [node];
            var array = Array.CreateInstance(elementType, nodes.Count);
            for (var i = 0; i < nodes.Count; i++)
            {
                var itemPlace = source == ConfigSource.Override ? place : string.Create(CultureInfo.InvariantCulture, $"{where}, line {nodes[i].Start.Line}");
                array.SetValue(Value(elementType, nodes[i], itemPlace, string.Create(CultureInfo.InvariantCulture, $"{key}[{i}]"), null, source, where), i);
            }

            return array;
        }

        var text = (node as YamlScalarNode)?.Value ?? throw Wrong(place, key, Describe(node), inner);
        return Scalar(inner, text) ?? throw Wrong(place, key, $"'{text}'", inner);
    }

    static object? Scalar(Type type, string text)
    {
        var culture = CultureInfo.InvariantCulture;
        if (type == typeof(string))
            return text;
        if (type == typeof(bool))
            return text switch { "true" or "True" or "yes" or "on" => true, "false" or "False" or "no" or "off" => false, _ => null };
        if (type == typeof(int))
            return int.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, culture, out var i) ? i : WholeNumber(text, int.MaxValue) is { } w ? (int)w : null;
        if (type == typeof(long))
            return long.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, culture, out var l) ? l : WholeNumber(text, 1L << 53);
        if (type == typeof(ulong))
            return ulong.TryParse(text, NumberStyles.None, culture, out var u) ? u : null;
        if (type == typeof(double))
            return Double(text);
        if (type == typeof(TimeSpan))
            return Double(text) is { } seconds ? TimeSpan.FromSeconds(seconds) : Duration(text) ?? (TimeSpan.TryParse(text, culture, out var span) ? span : null);
        if (type.IsEnum)
            return Enum.GetNames(type).FirstOrDefault(n => SnakeCase(n) == text) is { } name ? Enum.Parse(type, name) : null;
        throw new InvalidOperationException($"A config property of type {type.Name} is not supported.");
    }

    static TimeSpan? Duration(string text) => text.Length > 1 && Double(text[..^1]) is { } number
        ? text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            'd' => TimeSpan.FromDays(number),
            _ => null,
        }
        : null;

    // 1e5 is a way to write a whole number.
    static long? WholeNumber(string text, long limit) =>
        Double(text) is { } d && d == Math.Floor(d) && Math.Abs(d) <= limit && text.Contains('e', StringComparison.OrdinalIgnoreCase) ? (long)d : null;

    static double? Double(string text) => text switch
    {
        ".inf" or "inf" => double.PositiveInfinity,
        "-.inf" or "-inf" => double.NegativeInfinity,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var d) && double.IsFinite(d) ? d : null,
    };

    static object NewRecord(Type type)
    {
        try
        {
            return Activator.CreateInstance(type)!;
        }
        catch (MissingMethodException e)
        {
            throw new InvalidOperationException($"Config record {type.Name} has no parameterless constructor.", e);
        }
    }

    static bool IsNull(YamlNode node) =>
        node is YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: null or "" or "~" or "null" };

    static Type? DictionaryValueType(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() is var d && (d == typeof(IReadOnlyDictionary<,>) || d == typeof(Dictionary<,>))
            ? type.GetGenericArguments()[1]
            : null;

    static Type? ElementType(Type type) =>
        type.IsArray ? type.GetElementType()
        : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0]
        : null;

    static string Describe(YamlNode node) => node switch
    {
        YamlMappingNode => "keys and values",
        YamlSequenceNode => "a list",
        _ => $"'{node}'",
    };

    static UserErrorException Wrong(string place, string key, string found, Type type) =>
        new($"{place}: {key} is {found}; expected {Expected(type)}.");

    static string Expected(Type type) => type switch
    {
        _ when type == typeof(int) || type == typeof(long) => "a whole number",
        _ when type == typeof(ulong) => "a whole number of at least 0",
        _ when type == typeof(double) => "a number",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(TimeSpan) => "a number of seconds, 30m, 2h, 1d or hh:mm:ss",
        { IsEnum: true } => "one of " + string.Join(", ", Enum.GetNames(type).Select(SnakeCase)),
        _ when ElementType(type) is not null => "a list",
        _ when type == typeof(string) => "text",
        _ => "keys and values: " + string.Join(", ", Properties(type).Keys),
    };

    static UserErrorException UnknownKey(string place, string fullKey, string key, IEnumerable<string> known)
    {
        var names = known.ToList();
        return new UserErrorException($"{place}: unknown key '{fullKey}'.{NearestName.Hint(key, names)}");
    }
}
