namespace OfflineRL.Datasets;

/// <summary>Finds the native libraries that set-up leaves: by environment variable, beside the program, or in a checkout's <c>.artifacts/native</c>.</summary>
public static class NativeLibraries
{
    /// <summary>The path of <paramref name="fileName"/>, or null where it is nowhere.</summary>
    /// <param name="fileName">For example <c>libduckdb.so</c>.</param>
    /// <param name="environmentVariable">Names the file; where it is set, nowhere else is looked, so that a wrong value is found and not papered over.</param>
    public static string? Find(string fileName, string environmentVariable)
    {
        var named = Environment.GetEnvironmentVariable(environmentVariable);
        if (!string.IsNullOrEmpty(named))
            return File.Exists(named) ? Path.GetFullPath(named) : null;

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var beside = Path.Combine(folder.FullName, fileName);
            if (folder.FullName.TrimEnd('/') == AppContext.BaseDirectory.TrimEnd('/') && File.Exists(beside))
                return beside;
            var built = Path.Combine(folder.FullName, ".artifacts", "native", fileName);
            if (File.Exists(built))
                return built;
        }

        return null;
    }
}
