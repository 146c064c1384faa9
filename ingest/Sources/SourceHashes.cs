using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Sizes and hashes of the source files, made by a thread of its own while the files are read; who asks for one waits for it.</summary>
sealed class SourceHashes : IDisposable
{
    readonly CancellationTokenSource _stop = new();
    readonly TaskCompletionSource<SourceFile>[] _files;
    readonly Task _hashing;

    public SourceHashes(IReadOnlyList<string> paths)
    {
        _files = [.. paths.Select(_ => new TaskCompletionSource<SourceFile>(TaskCreationOptions.RunContinuationsAsynchronously))];
        _hashing = Task.Factory.StartNew(() => Hash(paths), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public SourceFile this[int file] => _files[file].Task.GetAwaiter().GetResult();

    public IReadOnlyList<SourceFile> All() => [.. _files.Select(f => f.Task.GetAwaiter().GetResult())];

    public void Dispose()
    {
        _stop.Cancel();
        _hashing.Wait();
        _stop.Dispose();
    }

    void Hash(IReadOnlyList<string> paths)
    {
        for (var i = 0; i < paths.Count; i++)
        {
            try
            {
                _files[i].SetResult(SourceFiles.Describe(paths[i], _stop.Token));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or OperationCanceledException)
            {
                _files[i].SetException(e is OperationCanceledException ? e : Throw.CannotRead(paths[i], e));
            }
        }
    }
}
