using System.IO.Compression;
using System.Text;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Server;
using Dataplane.TestKit;

namespace Dataplane.Kubelet.Tests.Server;

public sealed class LogRotationTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-t-").FullName;

    private string FilePath => Path.Combine(_directory, "0.log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task ALogGoesOnInANewFileAndTheOldestGo()
    {
        using (var log = new ContainerLog(FilePath, TimeProvider.System, new ContainerLogOptions { MaxSize = 1000, MaxFiles = 3 }))
        {
            for (var number = 0; number < 200; number++)
            {
                log.Output(Encoding.ASCII.GetBytes($"line {number}\n"));
            }
        }

        await Eventually.HoldsAsync(
            () => LogRotation.Rotated(FilePath) is [{ } packed, _] && packed.EndsWith(".gz", StringComparison.Ordinal), "two files are left, the older one packed");
        Assert.All(Directory.GetFiles(_directory).Where(file => !file.EndsWith(".gz", StringComparison.Ordinal)), file => Assert.InRange(new FileInfo(file).Length, 1, 1000));
        var older = LogRotation.Rotated(FilePath);
        using var unpacked = new StreamReader(new GZipStream(File.OpenRead(older[0]), CompressionMode.Decompress));
        var lines = (await unpacked.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Concat(File.ReadLines(older[1])).Concat(File.ReadLines(FilePath)).Select(line => line.Split(' ')[^1]).ToArray();

        // What is left is the end, whole and in order.
        Assert.Equal(Enumerable.Range(200 - lines.Length, lines.Length).Select(number => $"{number}"), lines);
    }

    [Fact]
    public void WhatIsMovedSortsAfterWhatIsThereEvenWhenItsTimeDoesNot()
    {
        var now = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        foreach (var text in new[] { "a", "b", "c", "d" })
        {
            File.WriteAllText(FilePath, text);
            LogRotation.Move(FilePath, now);
            LogRotation.TidyUp(FilePath, maxFiles: 3);
        }

        Assert.Equal(["0.log.20260102-030407.gz", "0.log.20260102-030408"], LogRotation.Rotated(FilePath).Select(Path.GetFileName));
        Assert.Equal("d", File.ReadAllText(FilePath + ".20260102-030408"));
    }

    [Fact]
    public async Task AFollowerSeesEveryLineAcrossRotations()
    {
        var log = new ContainerLog(FilePath, TimeProvider.System, new ContainerLogOptions { MaxSize = 2000, MaxFiles = 100 });
        log.Output("line 0\n"u8);
        var output = new MemoryStream();
        var followed = LogReader.CopyAsync(FilePath, log, new LogOptions { Follow = true }, output, TestContext.Current.CancellationToken);
        for (var number = 1; number < 500; number++)
        {
            var generation = log.Generation;
            log.Output(Encoding.ASCII.GetBytes($"line {number}\n"));

            // A follower that is more than a file behind misses lines, as upstream's does: it has to be in the new file before there is another.
            if (log.Generation != generation)
            {
                await Eventually.HoldsAsync(
                    () => followed.IsCompleted || Encoding.ASCII.GetString(output.ToArray()).Contains($"line {number}\n", StringComparison.Ordinal), $"line {number} is seen");
                Assert.False(followed.IsCompleted, followed.Exception?.ToString() ?? "the follower has ended");
            }
        }

        log.Dispose();
        await followed;
        Assert.Equal(Enumerable.Range(0, 500).Select(number => $"line {number}"), Encoding.ASCII.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
