using System.Globalization;
using System.Text.RegularExpressions;

namespace OfflineRL.Ingest;

/// <summary>One checkpoint of a replay buffer: its stores, one gzipped NPY file each.</summary>
/// <param name="Folder">Where they lie.</param>
/// <param name="Number">Of the checkpoint, which the files' names end in.</param>
/// <param name="Stores">File of each store, by name: <c>observation</c>, <c>action</c>, <c>reward</c>, <c>terminal</c> and others.</param>
sealed partial record ReplayShard(string Folder, int Number, SortedDictionary<string, string> Stores)
{
    static readonly string[] Needed = ["observation", "action", "reward", "terminal"];

    /// <summary>
    /// The checkpoints that the files are of, by folder and number. Stores that lie beside a named one belong to it.
    /// </summary>
    /// <exception cref="Datasets.UserErrorException">A file is no store by its name, or a store is missing.</exception>
    public static IReadOnlyList<ReplayShard> Find(IReadOnlyList<string> paths)
    {
        var shards = new List<ReplayShard>();
        foreach (var path in paths)
        {
            var folder = Path.GetDirectoryName(path) ?? "";
            var match = StoreName().Match(Path.GetFileName(path));
            if (!match.Success)
                throw Throw.NotAStore(path);
            var number = int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
            if (shards.Any(s => s.Folder == folder && s.Number == number))
                continue;
            shards.Add(new ReplayShard(folder, number, Beside(folder, number)));
        }

        foreach (var shard in shards)
        {
            if (Needed.FirstOrDefault(n => !shard.Stores.ContainsKey(n)) is { } missing)
                throw Throw.MissingStore(Path.Combine(shard.Folder, $"$store$_{missing}_ckpt.{shard.Number}.gz"), shard.Stores.Values.First());
        }

        return [.. shards.OrderBy(s => s.Folder, StringComparer.Ordinal).ThenBy(s => s.Number)];
    }

    /// <summary>Whether a file's name is that of a store.</summary>
    public static bool IsStore(string path) => StoreName().IsMatch(Path.GetFileName(path));

    static SortedDictionary<string, string> Beside(string folder, int number)
    {
        var stores = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(folder.Length == 0 ? "." : folder, $"*_ckpt.{number}.gz"))
        {
            if (StoreName().Match(Path.GetFileName(path)) is { Success: true } match && int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture) == number)
                stores[match.Groups[1].Value] = Path.Combine(folder, Path.GetFileName(path));
        }

        return stores;
    }

    // $store$_observation_ckpt.0.gz; the counters (add_count, invalid_range) lack the mark.
    [GeneratedRegex(@"\A(?:\$store\$_)?([A-Za-z0-9_]+)_ckpt\.(\d{1,9})\.gz\z")]
    private static partial Regex StoreName();
}
