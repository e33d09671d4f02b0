using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables;

public sealed partial class NftBatch
{
    /// <summary>
    /// An attribute's length has 16 bits, and all elements of a message stand in one attribute. An element is under 1 KiB: two keys and data of
    /// 64 bytes, or a chain's name of 255.
    /// </summary>
    private const int ElementsLength = 63 * 1024;

    private OpenElements _elements;

    /// <summary>Makes a set.</summary>
    public void AddSet(NftSet set)
    {
        var key = NftType.Concat(set.Key);
        Begin("add set", set.Table, set.Name);
        do
        {
            var writer = Open(NFT_MSG_NEWSET, NLM_F_CREATE, set.Table);
            writer.String(NFTA_SET_TABLE, set.Table.Name);
            writer.String(NFTA_SET_NAME, set.Name);
            writer.U32BigEndian(NFTA_SET_FLAGS, SetFlags(set));
            writer.U32BigEndian(NFTA_SET_KEY_TYPE, key.Id);
            writer.U32BigEndian(NFTA_SET_KEY_LEN, (uint)key.Length);
            if (set.DataType is { } data)
            {
                writer.U32BigEndian(NFTA_SET_DATA_TYPE, data.Id);
                writer.U32BigEndian(NFTA_SET_DATA_LEN, (uint)data.Length);
            }

            writer.U32BigEndian(NFTA_SET_ID, _setId + 1);
            WriteDescription(ref writer, set);
            if (set.Timeout is { } timeout)
            {
                writer.U64BigEndian(NFTA_SET_TIMEOUT, (ulong)timeout.TotalMilliseconds);
            }

            Close(ref writer);
        }
        while (!Written);
        _setId++;
    }

    /// <summary>Makes a map.</summary>
    public void AddMap(NftMap map) => AddSet(map);

    /// <summary>Removes a set or map that no rule uses.</summary>
    public void DeleteSet(NftTable table, string name)
    {
        Begin("delete set", table, name);
        do
        {
            var writer = Open(NFT_MSG_DELSET, 0, table);
            writer.String(NFTA_SET_TABLE, table.Name);
            writer.String(NFTA_SET_NAME, name);
            Close(ref writer);
        }
        while (!Written);
    }

    /// <summary>Removes all elements of a set or map.</summary>
    public void FlushSet(NftTable table, string name)
    {
        Begin("flush set", table, name);
        do
        {
            var writer = Open(NFT_MSG_DELSETELEM, 0, table);
            writer.String(NFTA_SET_ELEM_LIST_SET, name);
            writer.String(NFTA_SET_ELEM_LIST_TABLE, table.Name);
            Close(ref writer);
        }
        while (!Written);
    }

    /// <summary>
    /// Adds an element. One that is there already with the same data stays, one with other data is an error (EEXIST or EBUSY): delete it first, in
    /// the same batch. Elements added to one set one after the other share a message.
    /// </summary>
    public void AddElement(NftTable table, string set, in NftElement element) => WriteElement(NFT_MSG_NEWSETELEM, NLM_F_CREATE, table, set, element);

    /// <inheritdoc cref="AddElement"/>
    public void AddElements(NftTable table, string set, params ReadOnlySpan<NftElement> elements)
    {
        foreach (ref readonly var element in elements)
        {
            AddElement(table, set, element);
        }
    }

    /// <summary>Removes an element by its key; it must be there.</summary>
    public void DeleteElement(NftTable table, string set, in NftElement element) => WriteElement(NFT_MSG_DELSETELEM, 0, table, set, element);

    /// <inheritdoc cref="DeleteElement"/>
    public void DeleteElements(NftTable table, string set, params ReadOnlySpan<NftElement> elements)
    {
        foreach (ref readonly var element in elements)
        {
            DeleteElement(table, set, element);
        }
    }

    private void WriteElement(int type, int flags, NftTable table, string set, in NftElement element)
    {
        if (!_elements.Continues(type, table, set) || _length - _elements.ListStart > ElementsLength)
        {
            BeginElements(type, flags, table, set);
        }

        do
        {
            var writer = new NetlinkWriter(_buffer, _length);
            Write(ref writer, element);
            Close(ref writer);
        }
        while (!Written);
    }

    /// <summary>
    /// Opens a message that later elements are appended to; <see cref="EndElements"/> patches its lengths.
    /// <code>
    /// NFTA_SET_ELEM_LIST_TABLE     string
    /// NFTA_SET_ELEM_LIST_SET       string
    /// NFTA_SET_ELEM_LIST_ELEMENTS  NFTA_LIST_ELEM*
    /// </code>
    /// </summary>
    private void BeginElements(int type, int flags, NftTable table, string set)
    {
        Begin(type == NFT_MSG_NEWSETELEM ? "add elements to" : "delete elements of", table, set);
        var start = _length;
        int list;
        do
        {
            var writer = Open(type, flags, table);
            writer.String(NFTA_SET_ELEM_LIST_TABLE, table.Name);
            writer.String(NFTA_SET_ELEM_LIST_SET, set);
            list = writer.BeginNested(NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED);
            Close(ref writer);
        }
        while (!Written);
        _elements = new OpenElements(type, table, set, start, list);
    }

    private void EndElements()
    {
        if (_elements.Set is null)
        {
            return;
        }

        var writer = new NetlinkWriter(_buffer, _length);
        writer.EndNested(_elements.ListStart);
        writer.EndMessage(_elements.MessageStart);
        _elements = default;
    }

    private static void Write(ref NetlinkWriter writer, in NftElement element)
    {
        var item = writer.BeginNested(NFTA_LIST_ELEM | NLA_F_NESTED);
        if (element.IsIntervalEnd)
        {
            writer.U32BigEndian(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
        }

        if (element.Timeout is { } timeout)
        {
            writer.U64BigEndian(NFTA_SET_ELEM_TIMEOUT, (ulong)timeout.TotalMilliseconds);
        }

        element.Key.Write(ref writer, NFTA_SET_ELEM_KEY);
        if (element.KeyEnd is { } end)
        {
            end.Write(ref writer, NFTA_SET_ELEM_KEY_END);
        }

        if (element.Data is { } data)
        {
            data.Write(ref writer, NFTA_SET_ELEM_DATA);
        }
        else if (element.Verdict is { } verdict)
        {
            var nested = writer.BeginNested(NFTA_SET_ELEM_DATA | NLA_F_NESTED);
            verdict.Write(ref writer);
            writer.EndNested(nested);
        }

        writer.EndNested(item);
    }

    private static uint SetFlags(NftSet set)
    {
        var flags = (uint)set.Flags;
        flags |= set.DataType is null ? 0 : (uint)NFT_SET_MAP;
        return set.Key.Count > 1 && set.Flags.HasFlag(NftSetFlags.Interval) ? flags | NFT_SET_CONCAT : flags;
    }

    /// <summary>
    /// Its size, and for ranges of concatenations the length of every part, which the kernel's tree for them is made of.
    /// <code>
    /// NFTA_SET_DESC_SIZE    u32
    /// NFTA_SET_DESC_CONCAT  NFTA_LIST_ELEM { NFTA_SET_FIELD_LEN u32 }*
    /// </code>
    /// </summary>
    private static void WriteDescription(ref NetlinkWriter writer, NftSet set)
    {
        var hasParts = (SetFlags(set) & NFT_SET_CONCAT) != 0;
        if (!hasParts && set.Size is null)
        {
            return;
        }

        var description = writer.BeginNested(NFTA_SET_DESC | NLA_F_NESTED);
        if (set.Size is { } size)
        {
            writer.U32BigEndian(NFTA_SET_DESC_SIZE, (uint)size);
        }

        if (hasParts)
        {
            var parts = writer.BeginNested(NFTA_SET_DESC_CONCAT | NLA_F_NESTED);
            foreach (var type in set.Key)
            {
                var part = writer.BeginNested(NFTA_LIST_ELEM | NLA_F_NESTED);
                writer.U32BigEndian(NFTA_SET_FIELD_LEN, (uint)type.Length);
                writer.EndNested(part);
            }

            writer.EndNested(parts);
        }

        writer.EndNested(description);
    }

    /// <summary>The message that elements are being appended to; default for none.</summary>
    private readonly record struct OpenElements(int Type, NftTable Table, string Set, int MessageStart, int ListStart)
    {
        internal bool Continues(int type, NftTable table, string set) => Set == set && Type == type && Table == table;
    }
}
