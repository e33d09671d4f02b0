using System.Text;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Server;

namespace Dataplane.Kubelet.Tests.Server;

public sealed class LogTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-t-").FullName;

    private string FilePath => Path.Combine(_directory, "1.log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void LinesCarryTimeStreamAndTag()
    {
        using (var log = new ContainerLog(FilePath, new StoppedClock()))
        {
            log.Output("one\ntw"u8);
            log.Error("bad\n"u8);
            log.Output("o\n\nrest"u8);
        }

        const string time = "2026-01-02T03:04:05.123456700Z";
        Assert.Equal(
            $"{time} stdout F one\n{time} stderr F bad\n{time} stdout F two\n{time} stdout F \n{time} stdout F rest\n", File.ReadAllText(FilePath));
    }

    [Fact]
    public async Task ALongLineIsSplitAndPutTogetherAgain()
    {
        var line = new string('x', 40_000);
        using (var log = new ContainerLog(FilePath, new StoppedClock()))
        {
            log.Output(Encoding.UTF8.GetBytes(line + "\nend\n"));
        }

        Assert.Equal(["P", "P", "F", "F"], File.ReadLines(FilePath).Select(text => text.Split(' ')[2]));
        Assert.Equal(line + "\nend\n", await ReadAsync(new LogOptions()));
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "3\n")]
    [InlineData(2, "2\n3\n")]
    [InlineData(9, "1\n2\n3\n")]
    public async Task TheTailIsTheLastLines(long lines, string expected)
    {
        using (var log = new ContainerLog(FilePath, new StoppedClock()))
        {
            log.Output("1\n2\n3\n"u8);
        }

        Assert.Equal(expected, await ReadAsync(new LogOptions { TailLines = lines }));
    }

    [Fact]
    public async Task BytesAreLimitedTimesShownAndOldLinesLeftOut()
    {
        File.WriteAllText(FilePath, "2026-01-01T00:00:00.000000000Z stdout F old\nnonsense\n2026-01-02T00:00:00.000000000Z stdout F new\n");
        Assert.Equal("old\nne", await ReadAsync(new LogOptions { LimitBytes = 6 }));
        Assert.Equal("2026-01-02T00:00:00.000000000Z new\n", await ReadAsync(new LogOptions { Timestamps = true, Since = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero) }));
    }

    [Fact]
    public async Task FollowingEndsWithTheLog()
    {
        var log = new ContainerLog(FilePath, new StoppedClock());
        log.Output("first\n"u8);
        using var output = new MemoryStream();
        var copy = LogReader.CopyAsync(FilePath, log, new LogOptions { Follow = true }, output, default);
        log.Output("second\n"u8);
        Assert.False(copy.IsCompleted);
        log.Dispose();
        await copy.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal("first\nsecond\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    private async Task<string> ReadAsync(LogOptions options)
    {
        using var output = new MemoryStream();
        await LogReader.CopyAsync(FilePath, null, options, output, default);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddTicks(1_234_567);
    }
}
