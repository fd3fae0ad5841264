export { type VirtualColumn, VirtualTable, type VirtualTableProps } from "./virtual-table";
