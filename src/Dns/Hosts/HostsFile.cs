using Dataplane.Dns.Configuration;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns.Hosts;

/// <summary>A hosts file that is read again when it changed; a file that is gone has no lines.</summary>
internal sealed class HostsFile : IDisposable
{
    private readonly HostsPlan _plan;
    private readonly ILogger _logger;
    private readonly ITimer? _timer;
    private volatile HostsTable _current;
    private DateTime _written;

    internal HostsFile(HostsPlan plan, TimeProvider time, ILogger logger)
    {
        (_plan, _logger) = (plan, logger);
        _written = Written();
        _current = Read();
        if (plan.Path is not null && plan.Reload > TimeSpan.Zero)
        {
            _timer = time.CreateTimer(_ => Look(), null, plan.Reload, plan.Reload);
        }
    }

    internal HostsPlan Plan => _plan;

    internal HostsTable Current => _current;

    public void Dispose() => _timer?.Dispose();

    private DateTime Written() => _plan.Path is null ? default : File.GetLastWriteTimeUtc(_plan.Path);

    private void Look()
    {
        if (Written() is var written && written != _written)
        {
            _written = written;
            _current = Read();
        }
    }

    private HostsTable Read()
    {
        IEnumerable<string> lines = _plan.Lines;
        try
        {
            lines = _plan.Path is null ? lines : [.. File.ReadAllLines(_plan.Path), .. lines];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Log.HostsUnreadable(_logger, _plan.Path!, failure.Message);
        }

        return HostsTable.Read(lines, _plan);
    }
}
