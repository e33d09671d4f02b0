using System.Net.Sockets;
using Dataplane.Proxy.Iptables.Nft;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Planning;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Iptables;

/// <summary>
/// Mode iptables: the rules kube-proxy would write, chain by chain and comment by comment, but written by netlink and by difference.
/// </summary>
internal sealed class IptablesMode : IProxyMode
{
    internal const string ModeName = "iptables";

    private readonly ProxyModeContext _context;
    private readonly ILogger _logger;
    private readonly Func<IRuleStore> _open;
    private IRuleStore? _store;
    private RuleOptions? _options;

    internal IptablesMode(ProxyModeContext context)
        : this(context, () => new NftRuleStore(context.Namespace, hasIpv6: true, context.RulesTouched))
    {
    }

    internal IptablesMode(ProxyModeContext context, Func<IRuleStore> open) =>
        (_context, _open, _logger) = (context, open, context.Loggers.CreateLogger<IptablesMode>());

    /// <inheritdoc/>
    public string Name => ModeName;

    /// <inheritdoc/>
    public void Apply(ForwardingPlan? previous, ForwardingPlan next)
    {
        var store = _store ??= _open();
        var options = Options(next);
        if (previous is null || options != _options)
        {
            _options = null;
            if (options.NodePorts.HasLoopback(AddressFamily.InterNetwork))
            {
                NodeSysctls.RouteLoopback(_context.Namespace, _logger);
            }

            store.WriteAll(next, options);
            _options = options;
            return;
        }

        try
        {
            store.WriteChange(previous, next, options);
        }
        catch
        {
            _options = null;
            throw;
        }
    }

    /// <inheritdoc/>
    public bool IsIntact() => _options is not null && _store!.IsIntact();

    /// <inheritdoc/>
    public void Cleanup()
    {
        _options = null;
        (_store ??= _open()).Cleanup();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _store?.Dispose();
        return ValueTask.CompletedTask;
    }

    private RuleOptions Options(ForwardingPlan plan) => new(
        _context.MasqueradeMark, plan.LocalDetector, plan.NodePorts, DropInvalid: _options?.DropInvalid ?? !NodeSysctls.IsConntrackLiberal(_context.Namespace));
}
