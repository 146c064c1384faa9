using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>The import map that an export of this tool carries: with it the same dataset comes back.</summary>
static class ExportedMap
{
    /// <summary>Of the array, or of the attribute, that holds it.</summary>
    public const string Name = "offlinerl_map";

    public const int MostBytes = 1 << 20;

    /// <summary>A map alone, as <see cref="Parse"/> takes it: it names no dataset and no files.</summary>
    public static string Write(ImportConfig map) => Config.ToYaml(map with { Name = "none", Source = ["none"] });

    /// <exception cref="UserErrorException">It is no map.</exception>
    public static ImportConfig Parse(string path, string yaml)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, yaml);
            return Config.Load<ImportConfig>(file, []);
        }
        catch (UserErrorException e)
        {
            throw new UserErrorException($"{path}: the map that it carries cannot be used: {e.Message.Replace(file, Name, StringComparison.Ordinal)}", e);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
