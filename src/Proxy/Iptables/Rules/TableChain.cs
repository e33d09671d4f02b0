namespace Dataplane.Proxy.Iptables.Rules;

/// <summary>The tables of iptables this mode writes to; the same names in both families.</summary>
internal enum IptablesTable
{
    Filter,
    Nat,
    Mangle,
}

/// <summary>A chain's place.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Name">At most 28 bytes (XT_EXTENSION_MAXNAMELEN of legacy x_tables).</param>
internal readonly record struct TableChain(IptablesTable Table, string Name)
{
    /// <summary>As iptables-save writes it.</summary>
    internal string TableName => NameOf(Table);

    /// <inheritdoc cref="TableName"/>
    internal static string NameOf(IptablesTable table) => table switch
    {
        IptablesTable.Filter => "filter",
        IptablesTable.Nat => "nat",
        _ => "mangle",
    };
}
