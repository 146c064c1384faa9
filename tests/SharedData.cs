namespace OfflineRL.Tests;

/// <summary>The real logged data beside the checkout; tests that read it skip, saying so, where it is absent.</summary>
static class SharedData
{
    /// <summary>The path of a file or folder below the data folder; skips the test where it is not there.</summary>
    public static string Require(string relative)
    {
        var path = Path.Combine(Folder, relative);
        Assert.SkipUnless(Path.Exists(path), $"{relative} is not below {Folder}; set OFFLINERL_DATA to the folder of the shared data to run this test.");
        return path;
    }

    /// <summary>The path of a file below the reference folder beside the data; skips the test where it is not there.</summary>
    public static string RequireReference(string relative) => Require(Path.Combine("..", "reference", relative));

    static string Folder => Environment.GetEnvironmentVariable("OFFLINERL_DATA") is { Length: > 0 } named
        ? named
        : Path.Combine(Checkout.Root, "..", "shared", "data");
}

/// <summary>The checkout that the tests were built from.</summary>
static class Checkout
{
    /// <summary>The folder that holds OfflineRL.sln.</summary>
    public static string Root { get; } = Find();

    static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "OfflineRL.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No OfflineRL.sln above {AppContext.BaseDirectory}; expected the tests to run from a checkout.");
    }
}
