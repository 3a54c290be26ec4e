select tenant_id, name from tenants where is_active order by name;
