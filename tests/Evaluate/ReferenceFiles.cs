namespace OfflineRL.Tests.Evaluate;

/// <summary>The reference numbers beside the checkout, or in the folder OFFLINERL_REFERENCE names; tests skip where there are none.</summary>
static class ReferenceFiles
{
    public static string Ope(string file)
    {
        var named = Environment.GetEnvironmentVariable("OFFLINERL_REFERENCE");
        if (named is not null && File.Exists(Path.Combine(named, "ope", file)))
            return Path.Combine(named, "ope", file);
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "shared", "reference", "ope", file);
            if (File.Exists(path))
                return path;
        }

        Assert.Skip($"The reference file ope/{file} is not here.");
        return file;
    }
}
