using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace OfflineRL.Tests.Datasets.Columns;

/// <summary>Makes a changed file the one that the description names, as another tool that writes columns would.</summary>
static class ColumnSeal
{
    public static void Renew(string path)
    {
        // Below the size of a sample the sample is all of it.
        var bytes = File.ReadAllBytes(path);
        Assert.InRange(bytes.Length, 1, 32_767);
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        var description = Path.Combine(Path.GetDirectoryName(path)!, "columns.json");
        var info = JsonNode.Parse(File.ReadAllText(description))!;
        var file = info["files"]!.AsArray().Single(entry => (string)entry!["path"]! == Path.GetFileName(path))!;
        (file["bytes"], file["sample_sha256"], file["sha256"], file["modified"]) = (bytes.Length, hash, hash, File.GetLastWriteTimeUtc(path));
        File.WriteAllText(description, info.ToJsonString());
    }
}
