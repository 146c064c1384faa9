using System.Globalization;
using System.Text.RegularExpressions;

namespace OfflineRL.Datasets;

/// <summary>A dataset's name with or without a version: <c>NAME</c> or <c>NAME-vN</c>.</summary>
public readonly partial record struct DatasetName(string Name, int? Version)
{
    /// <exception cref="UserErrorException">Not a name.</exception>
    public static DatasetName Parse(string text)
    {
        Match match = Pattern().Match(text);
        if (!match.Success)
        {
            throw new UserErrorException(
                $"'{text}' is no name for a dataset: expected letters, digits, '.', '_' and '-', beginning with a letter or digit, " +
                "and at the end '-vN' where a certain version is meant, such as 'cartpole-mixed' or 'cartpole-mixed-v2'.");
        }

        int? version = match.Groups["version"].Success
            ? int.Parse(match.Groups["version"].ValueSpan, CultureInfo.InvariantCulture)
            : null;
        return new DatasetName(match.Groups["name"].Value, version);
    }

    /// <summary>Versions of <paramref name="name"/> in the folder, ascending; whatever bears such a name takes it.</summary>
    public static IReadOnlyList<int> Versions(string dataFolder, string name)
    {
        if (!Directory.Exists(dataFolder))
        {
            return [];
        }

        return [.. Directory.EnumerateFileSystemEntries(dataFolder, name + "-v*")
            .Select(path => Pattern().Match(Path.GetFileName(path)))
            .Where(match => match.Success && match.Groups["version"].Success && match.Groups["name"].Value == name)
            .Select(match => int.Parse(match.Groups["version"].ValueSpan, CultureInfo.InvariantCulture))
            .Order()];
    }

    /// <summary>The newest version of <paramref name="name"/> in the folder; 0: none.</summary>
    public static int Newest(string dataFolder, string name) => Versions(dataFolder, name) is [.., int newest] ? newest : 0;

    public override string ToString() => Version is { } version ? $"{Name}-v{version}" : Name;

    [GeneratedRegex(@"\A(?<name>[A-Za-z0-9][A-Za-z0-9._-]{0,127}?)(-v(?<version>[1-9][0-9]{0,8}))?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
