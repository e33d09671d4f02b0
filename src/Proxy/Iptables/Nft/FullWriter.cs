using System.Collections.Immutable;
using Dataplane.Api;
using Dataplane.Netlink;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Planning;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Iptables.Nft;

/// <summary>
/// Writes all of one family's rules, in the place of what is there. Each transaction leaves every service as it was or as it shall be:
/// <code>
///   1  tables, chains everybody shares, the fixed rules, the jumps; on an empty table also the first services with their dispatch rules
///   2  chains of services, some thousand rules a transaction; an older chain of the same name stays if it holds the same rules, else it is emptied and
///      filled again in the same transaction
///   3  all dispatch rules, and the handles the kernel gave them
///   4  chains of services that are no more
/// </code>
/// </summary>
internal sealed class FullWriter
{
    /// <summary>Operations of a transaction: about a tenth of a second, in which the kernel takes no other. Each goes over all chains there are: fewer are quicker.</summary>
    internal const int LargestBatch = 24_000;

    /// <summary>Operations of the first transaction with services: those a node cannot do without answer while the rest is written.</summary>
    private const int FirstBatch = 1_000;

    private readonly NftablesConnection _connection;
    private readonly RuleOptions _options;
    private readonly FamilyState _state;
    private readonly Action<NftBatch> _commit;
    private readonly ILogger _logger;
    private readonly Batch[] _batches;
    private readonly Skeleton _skeleton;
    private readonly KernelListing _listing;
    private Task _inFlight = Task.CompletedTask;

    /// <param name="connection">For listings and handles.</param>
    /// <param name="state">An empty one, filled here.</param>
    /// <param name="options">What shapes all rules.</param>
    /// <param name="commit">Commits a batch that asks for no report.</param>
    /// <param name="logger">Told what could not be removed.</param>
    internal FullWriter(NftablesConnection connection, FamilyState state, RuleOptions options, Action<NftBatch> commit, ILogger logger)
    {
        (_connection, _options, _state, _commit, _logger) = (connection, options, state, commit, logger);
        _batches = [Batch.For(state.Family), Batch.For(state.Family)];
        _skeleton = new Skeleton(state.AddressFamily, options);
        _listing = KernelListing.Read(connection, state.Family);
    }

    // One is filled while the kernel works on the other.
    private NftBatch Filling => _batches[0].Operations;

    private RuleBatch Rules => _batches[0].Rules;

    /// <exception cref="NetlinkException">The kernel refused, or somebody else changed our chains meanwhile.</exception>
    internal void Write(ForwardingPlan plan, Action<int, int>? progress, Func<IReadOnlySet<FrontEnd>> inUse)
    {
        try
        {
            WriteFoundation();
            var dispatch = WriteServices(plan, progress, inUse);
            WriteDispatch(dispatch);
            new ChainRemoval(_state.Family, _commit, _logger).Remove([.. _listing.ServiceChains.Where(chain => !dispatch.Written.Contains(chain.Name))]);
        }
        finally
        {
            Settle();
        }
    }

    private void WriteFoundation()
    {
        foreach (var table in _listing.MissingTables)
        {
            Rules.AddTable(table);
        }

        foreach (var chain in BuiltinChains.All.Where(chain => !_listing.Chains.ContainsKey(chain)))
        {
            Rules.AddBuiltin(chain);
        }

        foreach (var chain in Skeleton.Dispatch.Concat(Skeleton.Fixed))
        {
            Rules.AddChain(chain);
        }

        foreach (var chain in Skeleton.Fixed)
        {
            Rules.Flush(chain);
            foreach (var rule in _skeleton.RulesOf(chain))
            {
                Add(chain, rule);
            }
        }

        foreach (var (chain, handle) in _listing.Jumps)
        {
            Rules.DeleteRule(chain, handle);
        }

        foreach (var jump in Skeleton.Jumps)
        {
            Rules.AddRule(jump.From, jump.Rule, NftRulePlace.First);
        }

        Commit();
        foreach (var builtin in BuiltinChains.All)
        {
            var targets = Skeleton.Jumps.Where(jump => jump.From == builtin).Select(jump => jump.To).ToHashSet();
            _state.Jumps[builtin] = [.. Handles(builtin, rule => rule.JumpTarget is { } target && targets.Contains(target), targets.Count)];
        }
    }

    /// <summary>What a node cannot do without, then what clients are connected to, then the rest.</summary>
    internal static IEnumerable<ServicePlan> InOrder(ForwardingPlan plan, IReadOnlySet<FrontEnd> inUse) => plan.Services.Values.OrderBy(
        service => service.Name.Namespace is "default" or "kube-system" ? 0 : service.FrontEnds.Any(frontEnd => inUse.Contains(frontEnd.FrontEnd)) ? 1 : 2);

    private DispatchPlan WriteServices(ForwardingPlan plan, Action<int, int>? progress, Func<IReadOnlySet<FrontEnd>> inUse)
    {
        // Whatever is dispatched from an older run's rules stays so until all is written.
        var early = !_listing.ServiceChains.Any();
        var services = InOrder(plan, early ? inUse() : ImmutableHashSet<FrontEnd>.Empty).ToList();
        var renderer = new ServiceRenderer(_state.AddressFamily, _options, withEndpointComments: !ServiceRenderer.IsLarge(services, _state.AddressFamily));
        var (dispatch, written) = (new DispatchPlan(), 0);
        var isListed = _listing.ServiceChains.Select(chain => chain.Name).ToHashSet();
        foreach (var service in services)
        {
            var rules = renderer.Render(service);
            _state.Count(rules, 1);
            written++;
            foreach (var chain in rules.Chains)
            {
                WriteChain(chain, isListed.Contains(chain.Name));
                if (isListed.Count > 0)
                {
                    dispatch.Written.Add(chain.Name);
                }
            }

            if (rules.Dispatch.Count > 0)
            {
                dispatch.Services.Add((service.Name, rules.Dispatch));
            }

            if (Filling.Count >= (early ? FirstBatch : LargestBatch))
            {
                if (early)
                {
                    AddDispatch(dispatch);
                    early = false;
                }

                Commit();
                progress?.Invoke(written, services.Count);
            }
        }

        Commit();
        progress?.Invoke(services.Count, services.Count);
        return dispatch;
    }

    private void WriteChain(ServiceChain chain, bool isThere)
    {
        var place = new TableChain(IptablesTable.Nat, chain.Name);
        if (isThere)
        {
            if (_connection.Fingerprint(BuiltinChains.Table(_state.Family, place.Table), chain.Name) == Rules.Fingerprint(chain.Rules))
            {
                return;
            }

            Rules.Flush(place);
        }
        else
        {
            Rules.AddChain(place);
        }

        foreach (var rule in chain.Rules)
        {
            Add(place, rule);
        }
    }

    private void WriteDispatch(DispatchPlan dispatch)
    {
        foreach (var chain in Skeleton.Dispatch)
        {
            Rules.Flush(chain);
        }

        AddDispatch(dispatch);
        Commit();
        var last = _skeleton.LastRules().Count();
        var handles = Skeleton.Dispatch.ToDictionary(chain => chain, chain => new Queue<ulong>(Handles(
            chain,
            _ => true,
            dispatch.Services.Sum(service => service.Rules.Count(rule => rule.Chain == chain)) + (chain == Skeleton.Dispatch[0] ? last : 0))));
        foreach (var (service, rules) in dispatch.Services)
        {
            _state.Dispatch[service] = [.. rules.Select(rule => handles[rule.Chain].Dequeue())];
        }

        handles[Skeleton.Dispatch[0]].TryDequeue(out var first);
        _state.LastRule = first;
        _state.Rules[IptablesTable.Nat] += last;
        foreach (var chain in Skeleton.Fixed.Where(chain => _state.Rules.ContainsKey(chain.Table)))
        {
            _state.Rules[chain.Table] += _skeleton.RulesOf(chain).Count();
        }
    }

    private void AddDispatch(DispatchPlan dispatch)
    {
        foreach (var rule in dispatch.Services.SelectMany(service => service.Rules))
        {
            Add(rule.Chain, rule.Rule);
        }

        foreach (var rule in _skeleton.LastRules())
        {
            Add(Skeleton.Dispatch[0], rule);
        }
    }

    private List<ulong> Handles(TableChain chain, Func<NftRuleInfo, bool> isOurs, int expected)
    {
        Settle();
        var handles = _connection.Rules(BuiltinChains.Table(_state.Family, chain.Table), chain.Name).Where(isOurs).Select(rule => rule.Handle).ToList();
        return handles.Count == expected
            ? handles
            : throw new NetlinkException($"list rules of {chain.TableName} {chain.Name}", Linux.Errno.EAGAIN, $"{handles.Count} rules where {expected} were written");
    }

    private void Add(TableChain chain, IptablesRule rule) => Rules.AddRule(chain, rule, NftRulePlace.Last);

    private void Commit()
    {
        Settle();
        var full = Filling;
        _inFlight = Task.Run(() => _commit(full));
        Array.Reverse(_batches);
        Filling.Clear();
    }

    private void Settle()
    {
        var commit = _inFlight;
        _inFlight = Task.CompletedTask;
        commit.GetAwaiter().GetResult();
    }

    private sealed record Batch(NftBatch Operations, RuleBatch Rules)
    {
        internal static Batch For(NftFamily family)
        {
            var operations = new NftBatch();
            return new Batch(operations, new RuleBatch(operations, family));
        }
    }

    /// <summary>Rules of the shared chains in the order they are written, and the services' chains that are there.</summary>
    private sealed class DispatchPlan
    {
        internal List<(NamespacedName Service, List<DispatchRule> Rules)> Services { get; } = [];

        internal HashSet<string> Written { get; } = [];
    }
}
