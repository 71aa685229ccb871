import type { Component } from '../../contract/component.ts';
import type { DatabaseSetting } from './config.ts';
import { mariadbComponent } from './mariadb/mariadb-component.ts';
import type { DumpParts } from './parts.ts';
import { postgresComponent } from './postgres/postgres-component.ts';
import { redisComponent } from './redis/redis-component.ts';
import { sqliteComponent } from './sqlite/sqlite-component.ts';

/** A database as a component of a server; `name` is its folder in a backup. Nothing happens before it is opened. */
export const databaseComponent = (name: string, setting: DatabaseSetting, parts: DumpParts): Component => {
  switch (setting.database) {
    case 'mariadb':
    case 'mysql':
      return mariadbComponent(name, setting, parts);
    case 'postgres':
      return postgresComponent(name, setting, parts);
    case 'sqlite':
      return sqliteComponent(name, setting, parts);
    case 'redis':
      return redisComponent(name, setting, parts);
  }
};
